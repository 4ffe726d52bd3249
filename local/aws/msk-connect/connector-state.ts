import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { LocalAccount, ServiceState } from '../../cloudformation/account.ts'
import { connectorRequest } from './connector-request.ts'

const described = z.object({ code: z.string(), message: z.string() })

const operationShape = z.object({
  arn: z.string(),
  type: z.enum(['UPDATE_WORKER_SETTING', 'UPDATE_CONNECTOR_CONFIGURATION', 'RESTART_CONNECTOR', 'PAUSE_CONNECTOR', 'RESUME_CONNECTOR']),
  state: z.enum([
    'UPDATE_IN_PROGRESS',
    'UPDATE_COMPLETE',
    'UPDATE_FAILED',
    'ROLLBACK_IN_PROGRESS',
    'ROLLBACK_COMPLETE',
    'RESTART_IN_PROGRESS',
    'RESTART_COMPLETE',
    'RESTART_FAILED',
    'PAUSE_IN_PROGRESS',
    'PAUSE_COMPLETE',
    'PAUSE_FAILED',
    'RESUME_IN_PROGRESS',
    'RESUME_COMPLETE',
    'RESUME_FAILED',
  ]),
  createdAt: z.number(),
  endedAt: z.number().nullable(),
  /** Of the connector before it. */
  origin: connectorRequest.pick({ connectorConfiguration: true, capacity: true }),
  target: connectorRequest.pick({ connectorConfiguration: true, capacity: true }),
  error: described.nullable(),
  /** Of a restart. */
  onlyFailedTasks: z.boolean().optional(),
})

const connectorShape = z.object({
  arn: z.string(),
  /** What it was created with, and as updated since. */
  request: connectorRequest,
  createdAt: z.number(),
  /** Times that it was changed. */
  changes: z.number(),
  state: z.enum(['CREATING', 'RUNNING', 'UPDATING', 'RESTARTING', 'PAUSING', 'PAUSED', 'RESUMING', 'DELETING', 'FAILED']),
  /** When it came into this state. */
  since: z.number(),
  /** When Kafka Connect was told of what this state is about; null before it was. */
  toldAt: z.number().nullable(),
  failure: described.nullable(),
  operations: z.array(operationShape),
})

const stateShape = z.object({
  /** By name. */
  connectors: z.record(z.string(), connectorShape),
  /** When plugins and worker configurations were made (milliseconds since 1970), and which were deleted, by ARN. */
  made: z.record(z.string(), z.number()),
  deleted: z.array(z.string()),
  /** Whether MSK Connect has its service-linked role in the account: from the first connector on. */
  serviceLinkedRole: z.boolean(),
})

/** What MSK Connect remembers of a connector; times are milliseconds since 1970. */
export type ConnectorState = z.output<typeof connectorShape>
export type ConnectorOperation = z.output<typeof operationShape>
export type ConnectState = z.output<typeof stateShape>

export function connectState(account: LocalAccount): ServiceState<ConnectState> {
  return account.state('msk-connect', stateShape, { connectors: {}, made: {}, deleted: [], serviceLinkedRole: false })
}

export async function changeState(account: LocalAccount, change: Partial<ConnectState>): Promise<void> {
  const state = connectState(account)
  await state.set({ ...state.get(), ...change })
}

/** Puts a connector in the place of the one of its name, or takes it away. */
export async function putConnectorState(account: LocalAccount, name: string, connector: ConnectorState | undefined): Promise<void> {
  const { [name]: _before, ...others } = connectState(account).get().connectors
  await changeState(account, { connectors: connector ? { ...others, [name]: connector } : others })
}

/** Notes that a plugin or a worker configuration was made. */
export async function noteMade(account: LocalAccount, arn: string, at: number): Promise<void> {
  const { made, deleted } = connectState(account).get()
  await changeState(account, { made: { ...made, [arn]: at }, deleted: deleted.filter((gone) => gone !== arn) })
}

/** Like MSK's: drawn anew with every change. */
export function versionOf({ arn, changes }: Pick<ConnectorState, 'arn' | 'changes'>): string {
  return `K${createHash('sha256').update(`${arn} ${changes}`).digest('hex').slice(0, 13).toUpperCase()}`
}
