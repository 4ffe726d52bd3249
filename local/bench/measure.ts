/** One way to handle a batch, and its name in the report. */
export interface Contender {
  readonly name: string
  /** Handles all records once. What it made is kept, so that no engine can leave out the work. */
  readonly run: () => unknown
}

export interface Measurement {
  readonly name: string
  /** Microseconds a record: the median of the rounds, and the quarter's and three quarters' marks. */
  readonly median: number
  readonly lower: number
  readonly upper: number
}

/** Runs the contenders in turn, round by round, so that whatever else the machine does meets all of them alike. */
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
  return contenders.map(({ name }, index) => {
    const sorted = (times[index] ?? []).sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
    return { name, median: at(0.5), lower: at(0.25), upper: at(0.75) }
  })
}
