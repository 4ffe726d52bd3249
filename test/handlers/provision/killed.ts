import type { StepAnswer } from '../../../pipeline/provisioning.ts'

/** What calls to AWS pass through, until whoever makes them dies. */
export interface Lifeline {
  /** Does a call, or throws where its maker is dead. */
  call<Result>(work: () => Result): Result
  /** Lets so many more calls through. */
  allow(calls: number): void
}

export function lifeline(): Lifeline {
  let left = Number.POSITIVE_INFINITY
  return {
    call(work) {
      left -= 1
      if (left < 0) throw new Error('the process is gone')
      return work()
    },
    allow(calls) {
      left = calls
    },
  }
}

export interface Killed {
  readonly line: Lifeline
  /** Makes AWS as it is before the step is asked. */
  readonly begin: () => unknown
  /** Asks the step once, with its own last answer. */
  readonly ask: (previous: StepAnswer | null) => Promise<StepAnswer>
  /** What is recorded at AWS in the end. */
  readonly state: () => unknown
}

/**
 * Kills a step before each of its calls in turn (after the call before is the same), asks it anew until it is ready, and expects what an
 * undisturbed one leaves. @returns how often it was killed
 */
export async function killedAtEachCall({ line, begin, ask, state }: Killed): Promise<number> {
  const untilReady = async () => {
    let previous: StepAnswer | null = null
    for (let looks = 0; looks < 20; looks += 1) {
      const answer: StepAnswer = await ask(previous)
      if (answer.ready) return
      previous = answer
    }
    throw new Error('the step is not ready after 20 looks')
  }
  await begin()
  await untilReady()
  const undisturbed = await state()
  for (let calls = 0; ; calls += 1) {
    await begin()
    line.allow(calls)
    const died = await untilReady().then(
      () => false,
      () => true,
    )
    line.allow(Number.POSITIVE_INFINITY)
    await untilReady()
    expect({ calls, state: await state() }).toEqual({ calls, state: undisturbed })
    if (!died) return calls
  }
}
