import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { PipelineError } from '../../pipeline/errors.ts'

const taskState = z.enum(['UNASSIGNED', 'RUNNING', 'PAUSED', 'STOPPED', 'FAILED', 'RESTARTING', 'DESTROYED'])
const statusAnswer = z.object({
  connector: z.object({ state: taskState, trace: z.string().optional() }),
  tasks: z.array(z.object({ id: z.number(), state: taskState, trace: z.string().optional() })),
})

/** What Kafka Connect says about a connector. */
export type ConnectorStatus = z.infer<typeof statusAnswer>

/**
 * Creates the connector or gives it these properties; without effect when it has them.
 * @throws PipelineError `ConnectorRefused` with Kafka Connect's reason
 */
export async function putConnector(uri: string, name: string, properties: Readonly<Record<string, string>>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(`${uri}/connectors/${encodeURIComponent(name)}/config`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(properties),
      signal: AbortSignal.timeout(90_000),
    })
    const body = await response.text()
    if (response.ok) return
    // 409: the worker is rebalancing, as it does right after its start.
    if (response.status === 409 && attempt < 100) {
      await sleep(100)
      continue
    }
    throw new PipelineError('ConnectorRefused', `Kafka Connect refused the connector ${name} (HTTP ${response.status}): ${reason(body)}`)
  }
}

/**
 * Starts again what failed of the connector: a worker that comes back starts the connector that it remembers, before the source may be there.
 * https://cwiki.apache.org/confluence/display/KAFKA/KIP-745
 */
export async function restartFailed(uri: string, name: string): Promise<void> {
  const query = 'includeTasks=true&onlyFailed=true'
  const response = await fetch(`${uri}/connectors/${encodeURIComponent(name)}/restart?${query}`, {
    method: 'POST',
    signal: AbortSignal.timeout(30_000),
  })
  const body = await response.text()
  // 409: the worker is rebalancing, and starts everything in doing so. 404: it is being started for the first time, and has no status yet.
  if (!response.ok && response.status !== 409 && response.status !== 404) {
    throw new PipelineError(
      'ConnectorFailed',
      `Kafka Connect did not restart the connector ${name} (HTTP ${response.status}): ${reason(body)}`,
    )
  }
}

/** Restarts the connector and its task, or only what of them has failed: either reads its secrets again. */
export async function restartConnector(uri: string, name: string, onlyFailed: boolean): Promise<void> {
  await act(uri, name, 'POST', `restart?includeTasks=true&onlyFailed=${onlyFailed}`, 'restart')
}

/** A connector that is paused keeps its place, and the replication slot. */
export async function pauseConnector(uri: string, name: string): Promise<void> {
  await act(uri, name, 'PUT', 'pause', 'pause')
}

export async function resumeConnector(uri: string, name: string): Promise<void> {
  await act(uri, name, 'PUT', 'resume', 'resume')
}

async function act(uri: string, name: string, method: string, path: string, what: string): Promise<void> {
  const response = await fetch(`${uri}/connectors/${encodeURIComponent(name)}/${path}`, { method, signal: AbortSignal.timeout(30_000) })
  const body = await response.text()
  if (!response.ok)
    throw new PipelineError(
      'ConnectorFailed',
      `Kafka Connect did not ${what} the connector ${name} (HTTP ${response.status}): ${reason(body)}`,
    )
}

/** Undefined when there is no such connector, or no status of it yet. */
export async function connectorStatus(uri: string, name: string): Promise<ConnectorStatus | undefined> {
  const response = await fetch(`${uri}/connectors/${encodeURIComponent(name)}/status`, { signal: AbortSignal.timeout(10_000) })
  if (response.ok) return statusAnswer.parse(await response.json())
  await response.arrayBuffer()
  if (response.status === 404 || response.status === 409) return undefined
  throw new PipelineError('ConnectorFailed', `Kafka Connect did not give the status of the connector ${name} (HTTP ${response.status})`)
}

export interface Patience {
  readonly timeoutMs?: number
  /** Asked now and then whether something outside is known to hold the connector up: that time does not count. */
  readonly isHeldUp?: () => Promise<boolean>
}

const askEveryMs = 5000

/**
 * Resolves when the connector and its task run.
 * @throws PipelineError `ConnectorFailed` when one of them failed, or when neither happened in time
 */
export async function awaitRunning(uri: string, name: string, { timeoutMs = 60_000, isHeldUp }: Patience = {}): Promise<void> {
  let deadline = performance.now() + timeoutMs
  let askAt = performance.now() + askEveryMs
  for (;;) {
    const status = await connectorStatus(uri, name)
    throwIfFailed(name, status)
    if (status?.connector.state === 'RUNNING' && status.tasks.length > 0 && status.tasks.every(({ state }) => state === 'RUNNING')) return
    if (isHeldUp && performance.now() > askAt) {
      if (await isHeldUp()) deadline = performance.now() + timeoutMs
      askAt = performance.now() + askEveryMs
    }
    if (performance.now() > deadline) {
      const seen = status
        ? `connector ${status.connector.state}, tasks ${status.tasks.map(({ state }) => state).join(', ') || 'none'}`
        : 'no status'
      throw new PipelineError(
        'ConnectorFailed',
        `The connector ${name} does not run after ${timeoutMs / 1000} s (${seen}): see the log of Kafka Connect.`,
      )
    }
    await sleep(50)
  }
}

/**
 * Resolves when the replication slot is being read: it is inactive during the initial snapshot, and becomes active when streaming starts.
 * The status of the connector says nothing of this. `slotIsActive` looks once.
 * @throws PipelineError `ConnectorFailed`
 */
export async function awaitInitialSnapshot(
  uri: string,
  name: string,
  slotIsActive: () => Promise<boolean>,
  timeoutMs = 600_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await slotIsActive())) {
    throwIfFailed(name, await connectorStatus(uri, name))
    if (performance.now() > deadline) {
      throw new PipelineError(
        'ConnectorFailed',
        `The initial snapshot of ${name} has not ended after ${timeoutMs / 1000} s: see the log of Kafka Connect.`,
      )
    }
    await sleep(50)
  }
}

/** Removes the connector; its offsets stay. */
export async function deleteConnector(uri: string, name: string): Promise<void> {
  const response = await fetch(`${uri}/connectors/${encodeURIComponent(name)}`, { method: 'DELETE', signal: AbortSignal.timeout(30_000) })
  const body = await response.text()
  if (!response.ok && response.status !== 404) {
    throw new PipelineError(
      'ConnectorFailed',
      `Kafka Connect did not remove the connector ${name} (HTTP ${response.status}): ${reason(body)}`,
    )
  }
}

function throwIfFailed(name: string, status: ConnectorStatus | undefined): void {
  const parts = status ? [status.connector, ...status.tasks] : []
  const failed = parts.find(({ state }) => state === 'FAILED')
  if (!failed) return
  const cause = rootCause(failed.trace ?? 'no reason was given')
  throw new PipelineError('ConnectorFailed', `The connector ${name} failed: ${cause.includes(lostPosition) ? lostSlot : cause}`)
}

/** Debezium's words, behind a dump of its whole position. */
const lostPosition = 'but this is no longer available on the server'
const lostSlot =
  'the changes since it last ran are lost, because its replication slot was removed or made anew (--detach does so) or PostgreSQL has dropped ' +
  'its WAL. Start over with --reset, which copies the tables again.'

/** A Java stack trace's innermost cause, without frames. */
function rootCause(trace: string): string {
  const causes = trace.split('\n').filter((line) => !/^\s+at |^\s+\.\.\. \d+ more/.test(line) && line.trim() !== '')
  const last = causes.findLast((line) => line.startsWith('Caused by: ')) ?? causes[0] ?? trace
  return last.replace(/^Caused by: /, '')
}

function reason(body: string): string {
  try {
    return z.object({ message: z.string() }).parse(JSON.parse(body)).message
  } catch {
    return body.slice(0, 500)
  }
}
