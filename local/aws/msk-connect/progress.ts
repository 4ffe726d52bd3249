import { isNativeError } from 'node:util/types'
import { PipelineError } from '../../../pipeline/errors.ts'
import {
  type ConnectorStatus,
  connectorStatus,
  deleteConnector,
  pauseConnector,
  putConnector,
  restartConnector,
  resumeConnector,
} from '../../engines/connector.ts'
import type { AwsPlace } from '../place.ts'
import { type ConnectorOperation, type ConnectorState, connectState, putConnectorState } from './connector-state.ts'
import { localProperties } from './substitutions.ts'

/** How long MSK Connect takes (seconds at AWS). https://docs.aws.amazon.com/msk/latest/developerguide/msk-connect-connectors.html */
const takesSeconds = { CREATING: 5 * 60, UPDATING: 3 * 60, RESTARTING: 60, PAUSING: 60, RESUMING: 60, DELETING: 2 * 60 } as const

/** What Kafka Connect says right after it was told something may still be about what was before. */
const settlesMs = 1000

const advancing = new WeakMap<AwsPlace['account'], Promise<void>>()

/** Moves every connector on as far as Kafka Connect and the time allow: called with each request, there are no timers. */
export function advanceConnectors(place: AwsPlace): Promise<void> {
  const before = advancing.get(place.account) ?? Promise.resolve()
  const now = before.then(() => advanceAll(place))
  // One that failed is told to who asked, and must not stop the next.
  advancing.set(
    place.account,
    now.catch(() => {}),
  )
  return now
}

async function advanceAll(place: AwsPlace): Promise<void> {
  for (const [name, connector] of Object.entries(connectState(place.account).get().connectors)) {
    try {
      const after = await advance(place, name, connector)
      if (after !== connector) await putConnectorState(place.account, name, after)
    } catch (error) {
      // Kafka Connect is being started again: nothing has happened to the connector that MSK Connect would see.
      if (!isUnreachable(error)) throw error
    }
  }
}

/** What `fetch` throws where nobody answers, or not in time. */
export function isUnreachable(error: unknown): boolean {
  return (isNativeError(error) && error.message === 'fetch failed') || (error instanceof DOMException && error.name === 'TimeoutError')
}

/** The connector as it is by now; undefined once it is gone. */
async function advance(place: AwsPlace, name: string, is: ConnectorState): Promise<ConnectorState | undefined> {
  if (is.state === 'RUNNING' || is.state === 'FAILED' || is.state === 'PAUSED') return is
  const uri = place.engines.connectUri()
  if (is.toldAt === null) {
    if (is.state === 'CREATING' && place.engines.workers?.start() === false) return is
    const failure = await tell(uri, name, is)
    return { ...is, toldAt: place.now(), ...(failure && { failure }) }
  }
  const elapsed = place.now() - is.since
  if (elapsed < takesSeconds[is.state] * 1000 * place.timeScale) return is
  if (is.state === 'DELETING') return isWithoutWorkers(place) ? undefined : is
  const operation = is.operations.at(-1)
  if (is.state === 'UPDATING' && operation?.type === 'UPDATE_WORKER_SETTING') return ended(is, operation, 'UPDATE_COMPLETE', place.now())
  if (place.now() - is.toldAt < settlesMs) return is
  const status = is.failure ? undefined : await connectorStatus(uri, name)
  const failure = is.failure ?? failureOf(status)
  if (!failure && !isAll(status, is.state === 'PAUSING' ? 'PAUSED' : 'RUNNING')) return is
  if (is.state === 'CREATING') return { ...is, state: failure ? 'FAILED' : 'RUNNING', since: place.now(), failure }
  if (!operation) throw new Error(`${is.arn} is ${is.state} without an operation`)
  if (is.state === 'RESTARTING') return ended(is, operation, failure ? 'RESTART_FAILED' : 'RESTART_COMPLETE', place.now(), failure)
  if (is.state === 'RESUMING') return ended(is, operation, failure ? 'RESUME_FAILED' : 'RESUME_COMPLETE', place.now(), failure)
  if (is.state === 'PAUSING')
    return failure
      ? ended(is, operation, 'PAUSE_FAILED', place.now(), failure)
      : { ...ended(is, operation, 'PAUSE_COMPLETE', place.now()), state: 'PAUSED' }
  if (!failure) return ended(is, operation, 'UPDATE_COMPLETE', place.now())
  return await rollBack(place, uri, name, is, operation, failure)
}

/** The last connector takes the workers with it. */
function isWithoutWorkers({ account, engines }: AwsPlace): boolean {
  const others = Object.keys(connectState(account).get().connectors).length > 1
  return others || (engines.workers?.stop() ?? true)
}

/** What was refused leaves the old configuration where it was; what was accepted and failed is taken back. */
async function rollBack(
  place: AwsPlace,
  uri: string,
  name: string,
  is: ConnectorState,
  operation: ConnectorOperation,
  failure: NonNullable<ConnectorState['failure']>,
): Promise<ConnectorState> {
  const request = { ...is.request, ...operation.origin }
  if (!is.failure) await putConnector(uri, name, localProperties(request.connectorConfiguration))
  return ended({ ...is, request }, operation, is.failure ? 'UPDATE_FAILED' : 'ROLLBACK_COMPLETE', place.now(), failure)
}

function ended(
  is: ConnectorState,
  operation: ConnectorOperation,
  state: ConnectorOperation['state'],
  now: number,
  error: ConnectorState['failure'] = null,
): ConnectorState {
  const operations = [...is.operations.filter(({ arn }) => arn !== operation.arn), { ...operation, state, endedAt: now, error }]
  return { ...is, state: 'RUNNING', since: now, failure: null, operations }
}

/** Tells Kafka Connect what the state is about. @returns why it refused */
async function tell(
  uri: string,
  name: string,
  { state, request, operations }: ConnectorState,
): Promise<ConnectorState['failure'] | undefined> {
  try {
    if (state === 'DELETING') await deleteConnector(uri, name)
    else if (state === 'RESTARTING') await restartConnector(uri, name, operations.at(-1)?.onlyFailedTasks === true)
    else if (state === 'PAUSING') await pauseConnector(uri, name)
    else if (state === 'RESUMING') await resumeConnector(uri, name)
    else if (operations.at(-1)?.type !== 'UPDATE_WORKER_SETTING' || state === 'CREATING') {
      await putConnector(uri, name, localProperties(request.connectorConfiguration))
    }
    return undefined
  } catch (error) {
    if (error instanceof PipelineError && error.name === 'ConnectorRefused') {
      return { code: 'InvalidInput.InvalidConnectorConfiguration', message: firstLine(error.message) }
    }
    throw error
  }
}

function isAll(status: ConnectorStatus | undefined, wanted: 'RUNNING' | 'PAUSED'): boolean {
  return status?.connector.state === wanted && status.tasks.length > 0 && status.tasks.every(({ state }) => state === wanted)
}

/** The classes of what was thrown; messages are in the log, and may hold values. */
function failureOf(status: ConnectorStatus | undefined): ConnectorState['failure'] {
  const failed = status && [status.connector, ...status.tasks].find(({ state }) => state === 'FAILED')
  if (!failed) return null
  const classes = (failed.trace ?? '').split('\n').flatMap((line) => /^(?:Caused by: )?((?:[a-z_]\w*\.)+[A-Z][\w$]*)/.exec(line)?.[1] ?? [])
  return { code: 'UnknownError.UnknownFailed', message: `The task of the connector failed: ${[...new Set(classes)].join(', caused by ')}` }
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 500)
}
