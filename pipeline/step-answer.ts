import { PipelineError } from './errors.ts'
import type { StepAnswer, StepRequest } from './provisioning.ts'

type Asked = Pick<StepRequest, 'execution' | 'previous'>

/** The answer of a step that has nothing left to do. */
export function ready(
  request: Asked,
  now: Date,
  { seen, did = [], already = [] }: { seen: string; did?: readonly string[]; already?: readonly string[] },
): StepAnswer {
  return { ready: true, seen, since: waitingSince(request, now).toISOString(), did, already }
}

export interface Waiting {
  /** What is waited for, as it stands in "… took longer than …". */
  readonly what: string
  /** What was seen this time, such as a state of AWS's. */
  readonly seen: string
  /** How long it usually takes, in words: `20 to 75 min are usual`. */
  readonly usual: string
  readonly limitMinutes: number
  /** What a person can do once the limit has passed. */
  readonly remedy: string
}

/**
 * The answer of a step that found it not there yet. The limit counts from the first look, or from the last redrive.
 * @throws PipelineError `NotInTime`
 */
export function notYet(request: Asked, now: Date, { what, seen, usual, limitMinutes, remedy }: Waiting): StepAnswer {
  const since = waitingSince(request, now)
  const elapsed = now.getTime() - since.getTime()
  if (elapsed > limitMinutes * 60_000) {
    throw new PipelineError(
      'NotInTime',
      `${what} took longer than ${limitMinutes} min (${usual}); last seen: ${seen}. ${remedy} Redrive the execution, or start a new one, to go on waiting.`,
    )
  }
  return { ready: false, seen: `${seen} for ${durationText(elapsed)}; ${usual}`, since: since.toISOString(), did: [], already: [] }
}

/** When the wait that a step is asked for began: at its first look, or at a redrive after it. */
export function waitingSince({ execution, previous }: Asked, now: Date): Date {
  const first = previous ? new Date(previous.since) : now
  const redriven = execution.RedriveTime === undefined ? undefined : new Date(execution.RedriveTime)
  return redriven && redriven > first ? redriven : first
}

/** `12 min`, `40 s`. */
export function durationText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`
}
