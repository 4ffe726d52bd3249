/** One way to handle a batch, and its name in the report. */
export interface Contender {
  readonly name: string
  /** Handles all records once. What it made is kept, so that no engine can leave out the work. */
  readonly run: () => unknown
}

/** The median of the rounds, and the marks at a quarter and at three quarters of them. */
export interface Spread {
  readonly median: number
  readonly lower: number
  readonly upper: number
}

export interface Measurement {
  readonly name: string
  /** Microseconds a record. */
  readonly time: Spread
  /** How many times as fast the first contender is, round by round. */
  readonly ratio: Spread
}

/**
 * Runs the contenders in turn, round by round, so that whatever else the machine does meets all of them alike.
 * The first contender is the one that the others are compared with.
 */
export function measure(contenders: readonly Contender[], records: number, rounds: number): Measurement[] {
  const times = contenders.map((): number[] => [])
  const made: unknown[] = []
  // The first rounds are for the compiler.
  for (let round = -Math.ceil(rounds / 4); round < rounds; round++) {
    contenders.forEach(({ run }, index) => {
      const start = process.hrtime.bigint()
      made[index] = run()
      if (round >= 0) times[index]?.push(Number(process.hrtime.bigint() - start) / 1000 / records)
    })
  }
  if (made.includes(undefined)) throw new Error('a contender made nothing')
  const own = times[0] ?? []
  return contenders.map(({ name }, index) => {
    const others = times[index] ?? []
    return { name, time: spread(others), ratio: spread(others.map((time, round) => time / (own[round] ?? time))) }
  })
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  return { median: at(0.5), lower: at(0.25), upper: at(0.75) }
}
