import { setTimeout as sleep } from 'node:timers/promises'
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  type SFNClient,
} from '@aws-sdk/client-sfn'
import { type TaskProgress, taskProgress } from './progress.ts'

export interface Followed {
  readonly client: SFNClient
  readonly executionArn: string
  /** Between two looks. */
  readonly pollMs: number
  readonly signal?: AbortSignal
  /** Told after each look. */
  readonly onProgress: (tasks: readonly TaskProgress[], execution: DescribeExecutionOutput) => void
}

/**
 * Watches an execution until it ends; answers how. It changes nothing.
 * @throws the signal's reason
 */
export async function followExecution({ client, executionArn, pollMs, signal, onProgress }: Followed): Promise<DescribeExecutionOutput> {
  const history = new HistoryReader(client, executionArn)
  for (;;) {
    signal?.throwIfAborted()
    // Asked before the history, so that the history of one that has ended is whole.
    const execution = await client.send(new DescribeExecutionCommand({ executionArn }))
    onProgress(taskProgress(await history.read(), execution.status === 'RUNNING'), execution)
    if (execution.status !== 'RUNNING') return execution
    await sleep(pollMs, undefined, signal ? { signal } : {})
  }
}

/** Reads a history that grows: whole pages once, the last one again. */
class HistoryReader {
  readonly #client: SFNClient
  readonly #executionArn: string
  #whole: HistoryEvent[] = []
  #nextToken: string | undefined

  constructor(client: SFNClient, executionArn: string) {
    this.#client = client
    this.#executionArn = executionArn
  }

  async read(): Promise<readonly HistoryEvent[]> {
    for (;;) {
      const { events = [], nextToken } = await this.#client.send(
        new GetExecutionHistoryCommand({
          executionArn: this.#executionArn,
          maxResults: 1000,
          ...(this.#nextToken === undefined ? {} : { nextToken: this.#nextToken }),
        }),
      )
      if (nextToken === undefined) return [...this.#whole, ...events]
      this.#whole = [...this.#whole, ...events]
      this.#nextToken = nextToken
    }
  }
}
