import type { Json } from '../../../../local/cloudformation/json.ts'
import type { ErrorName } from '../../../../pipeline/errors.ts'
import type { StepName } from '../../../../pipeline/provisioning.ts'

/** How a step comes to end with an error. */
export interface ThrownRow {
  readonly step: StepName
  readonly error: ErrorName
  /** Part of the error's message. */
  readonly says: string
  /** What AWS answers otherwise than where all is well. */
  readonly arrange: () => void
  /** At which look the error comes; the first one unless given. */
  readonly look?: number
  /** Minutes from one look to the next. */
  readonly minutes?: number
  /** Of the execution. */
  readonly input?: Json
}

/** When the steps of a row look. */
export const start = new Date('2026-11-22T12:00:00.000Z')

/** Time passes within a call. */
export function pass(seconds: number): void {
  jest.setSystemTime(Date.now() + seconds * 1000)
}
