import { PipelineError } from '../../pipeline/errors.ts'

export interface Ending {
  /** Stops what runs. */
  readonly stop: () => Promise<void>
  readonly say: (line: string) => void
  /** Says what went wrong. */
  readonly complain: (line: string) => void
  /** What else was seen that may be the cause of a failure. */
  readonly causes?: () => readonly string[]
}

/** The exit code of a run that goes until something ends it. What made it fail is said first, so that it does not stand under the words of a clean end. */
export async function endOf(going: () => Promise<number>, { stop, say, complain, causes = () => [] }: Ending): Promise<number> {
  try {
    return await going()
  } catch (error) {
    const failure = failureText(error)
    complain(failure)
    for (const cause of causes()) if (!failure.includes(cause)) complain(cause)
    return 2
  } finally {
    say('Stopping …')
    await stop()
    say('Stopped. Nothing of the run is left but its data folder.')
  }
}

/** An expected failure is a sentence under its name; anything else is a bug and shows where. */
export function failureText(error: unknown): string {
  if (error instanceof PipelineError) return `${error.name}: ${error.message}`
  return error instanceof Error ? (error.stack ?? String(error)) : String(error)
}
