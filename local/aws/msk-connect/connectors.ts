import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { AwsError, type AwsRequest } from '../endpoint.ts'
import type { AwsPlace } from '../place.ts'
import { parseBody } from '../request-body.ts'
import { capacityShape, connectorRequest } from './connector-request.ts'
import { type ConnectorState, changeState, connectState, putConnectorState, versionOf } from './connector-state.ts'
import { checkRequest } from './creation-checks.ts'
import { badRequest, page } from './listing.ts'
import { authorizeCreation, authorizeDeletion } from './permissions.ts'
import { advanceConnectors } from './progress.ts'

/** POST /v1/connectors */
export async function createConnector(place: AwsPlace, asks: AwsRequest): Promise<object> {
  const request = parseBody(connectorRequest, asks.body, 'BadRequestException')
  const { connectorName: name } = request
  authorizeCreation(asks, place, request, !connectState(place.account).get().serviceLinkedRole)
  await advanceConnectors(place)
  const { connectors } = connectState(place.account).get()
  // There is no token by which a repeated call would be known.
  if (connectors[name]) {
    throw new AwsError('ConflictException', `A connector with this name already exists: ${name}`, 409)
  }
  const arn = place.account.arn('kafkaconnect', `connector/${name}/${randomUUID()}-1`)
  checkRequest(place, request, arn)
  const now = place.now()
  const connector: ConnectorState = {
    arn,
    request,
    createdAt: now,
    changes: 0,
    state: 'CREATING',
    since: now,
    toldAt: null,
    failure: null,
    operations: [],
  }
  await changeState(place.account, { serviceLinkedRole: true, connectors: { ...connectors, [name]: connector } })
  return { connectorArn: arn, connectorName: name, connectorState: 'CREATING' }
}

/** GET /v1/connectors */
export async function listConnectors(place: AwsPlace, { authorize }: AwsRequest, _arn: string, query: URLSearchParams): Promise<object> {
  authorize('kafkaconnect:ListConnectors', '*')
  await advanceConnectors(place)
  const prefix = query.get('connectorNamePrefix') ?? ''
  const found = Object.values(connectState(place.account).get().connectors).filter(({ request }) =>
    request.connectorName.startsWith(prefix),
  )
  const { items, nextToken } = page(found, query)
  return {
    connectors: items.map((connector) => {
      const { connectorConfiguration: _configuration, ...summary } = description(connector)
      return summary
    }),
    nextToken,
  }
}

/** GET /v1/connectors/{connectorArn} */
export async function describeConnector(place: AwsPlace, { authorize }: AwsRequest, arn: string): Promise<object> {
  authorize('kafkaconnect:DescribeConnector', arn)
  await advanceConnectors(place)
  const { failure, state, ...connector } = requireConnector(place, arn)
  const stateDescription = state === 'FAILED' && failure ? { stateDescription: failure } : {}
  return { ...description({ ...connector, state }), ...stateDescription }
}

const updateShape = z
  .strictObject({ capacity: capacityShape.optional(), connectorConfiguration: z.record(z.string(), z.string()).optional() })
  .refine(({ capacity, connectorConfiguration }) => (capacity === undefined) !== (connectorConfiguration === undefined), {
    message: 'exactly one of capacity and connectorConfiguration is updated at a time',
  })

/** PUT /v1/connectors/{connectorArn} */
export async function updateConnector(
  place: AwsPlace,
  { authorize, body }: AwsRequest,
  arn: string,
  query: URLSearchParams,
): Promise<object> {
  authorize('kafkaconnect:UpdateConnector', arn)
  const { capacity, connectorConfiguration } = parseBody(updateShape, body, 'BadRequestException')
  await advanceConnectors(place)
  const is = requireConnector(place, arn)
  requireVersion(is, query.get('currentVersion'))
  requireIn(is, 'RUNNING')
  const { request } = is
  const target = {
    capacity: capacity ?? request.capacity,
    // What is left out is gone: the whole configuration is sent.
    connectorConfiguration: connectorConfiguration ?? request.connectorConfiguration,
  }
  if (target.connectorConfiguration['connector.class'] !== request.connectorConfiguration['connector.class']) {
    throw badRequest('The connector.class of a connector cannot be changed.')
  }
  const type = capacity ? 'UPDATE_WORKER_SETTING' : 'UPDATE_CONNECTOR_CONFIGURATION'
  const operationArn = await begin(place, { ...is, request: { ...request, ...target } }, request, 'UPDATING', type)
  return { connectorArn: arn, connectorState: 'UPDATING', connectorOperationArn: operationArn }
}

/** POST /v1/connectors/{connectorArn}/restart */
export async function restartConnector(place: AwsPlace, { authorize, body }: AwsRequest, arn: string): Promise<object> {
  authorize('kafkaconnect:RestartConnector', arn)
  const { onlyFailedTasks } = parseBody(restartShape, body === '' ? '{}' : body, 'BadRequestException')
  await advanceConnectors(place)
  const is = requireConnector(place, arn)
  requireIn(is, 'RUNNING')
  return { connectorArn: arn, connectorOperationArn: await beginNow(place, is, 'RESTARTING', 'RESTART_CONNECTOR', onlyFailedTasks) }
}

const restartShape = z.strictObject({ onlyFailedTasks: z.boolean().optional() })

/** PUT /v1/connectors/{connectorArn}/pause */
export async function pauseConnector(place: AwsPlace, { authorize }: AwsRequest, arn: string): Promise<object> {
  authorize('kafkaconnect:PauseConnector', arn)
  await advanceConnectors(place)
  const is = requireConnector(place, arn)
  requireIn(is, 'RUNNING')
  return { connectorArn: arn, connectorOperationArn: await beginNow(place, is, 'PAUSING', 'PAUSE_CONNECTOR') }
}

/** PUT /v1/connectors/{connectorArn}/resume */
export async function resumeConnector(place: AwsPlace, { authorize }: AwsRequest, arn: string): Promise<object> {
  authorize('kafkaconnect:ResumeConnector', arn)
  await advanceConnectors(place)
  const is = requireConnector(place, arn)
  requireIn(is, 'PAUSED')
  return { connectorArn: arn, connectorOperationArn: await beginNow(place, is, 'RESUMING', 'RESUME_CONNECTOR') }
}

/** DELETE /v1/connectors/{connectorArn}: the replication slot and the topics stay. */
export async function removeConnector(place: AwsPlace, asks: AwsRequest, arn: string, query: URLSearchParams): Promise<object> {
  const known = Object.values(connectState(place.account).get().connectors).find((connector) => connector.arn === arn)
  if (known) authorizeDeletion(asks, place, arn, known.request)
  else asks.authorize('kafkaconnect:DeleteConnector', arn)
  await advanceConnectors(place)
  const is = requireConnector(place, arn)
  const version = query.get('currentVersion')
  if (version !== null) requireVersion(is, version)
  if (is.state === 'DELETING') throw new AwsError('ConflictException', `The connector ${arn} is being deleted.`, 409)
  const { connectorName } = is.request
  await putConnectorState(place.account, connectorName, { ...is, state: 'DELETING', since: place.now(), toldAt: null })
  return { connectorArn: arn, connectorState: 'DELETING' }
}

/** Has Kafka Connect told at once: whoever asks for a restart may never ask how it went. */
async function beginNow(
  place: AwsPlace,
  is: ConnectorState,
  state: 'RESTARTING' | 'PAUSING' | 'RESUMING',
  type: ConnectorState['operations'][number]['type'],
  onlyFailedTasks?: boolean,
): Promise<string> {
  const operationArn = await begin(place, is, is.request, state, type, onlyFailedTasks)
  await advanceConnectors(place)
  return operationArn
}

/** The state of an operation at its beginning, by that of the connector. */
const begun = {
  UPDATING: 'UPDATE_IN_PROGRESS',
  RESTARTING: 'RESTART_IN_PROGRESS',
  PAUSING: 'PAUSE_IN_PROGRESS',
  RESUMING: 'RESUME_IN_PROGRESS',
} as const

async function begin(
  place: AwsPlace,
  is: ConnectorState,
  before: ConnectorState['request'],
  state: keyof typeof begun,
  type: ConnectorState['operations'][number]['type'],
  onlyFailedTasks?: boolean,
): Promise<string> {
  const [name = '', id = ''] = is.arn.split('/').slice(1)
  const arn = place.account.arn('kafkaconnect', `connector-operation/${name}/${id}/${randomUUID()}`)
  const operation = {
    arn,
    type,
    state: begun[state],
    createdAt: place.now(),
    endedAt: null,
    origin: updatable(before),
    target: updatable(is.request),
    error: null,
    ...(onlyFailedTasks === undefined ? {} : { onlyFailedTasks }),
  }
  await putConnectorState(place.account, name, {
    ...is,
    state,
    since: place.now(),
    toldAt: null,
    changes: is.changes + 1,
    operations: [...is.operations, operation],
  })
  return arn
}

function updatable({ connectorConfiguration, capacity }: ConnectorState['request']) {
  return { connectorConfiguration, capacity }
}

/** @throws AwsError `NotFoundException` */
export function requireConnector({ account }: AwsPlace, arn: string): ConnectorState {
  const connector = Object.values(connectState(account).get().connectors).find((known) => known.arn === arn)
  if (!connector) throw new AwsError('NotFoundException', `The connector ${arn} does not exist.`, 404)
  return connector
}

function requireVersion(is: ConnectorState, version: string | null): void {
  if (version !== versionOf(is))
    throw badRequest(`The specified currentVersion ${version ?? '(none)'} is not the current version of the connector.`)
}

function requireIn({ arn, state }: ConnectorState, wanted: 'RUNNING' | 'PAUSED'): void {
  if (state !== wanted)
    throw badRequest(`The connector ${arn} is ${state}: this operation is only valid for connectors in the state ${wanted}.`)
}

function description(connector: Omit<ConnectorState, 'failure'>) {
  const { arn, request, createdAt, state } = connector
  const { tags: _tags, capacity, ...rest } = request
  return {
    ...rest,
    capacity,
    connectorArn: arn,
    connectorState: state,
    creationTime: new Date(createdAt).toISOString(),
    currentVersion: versionOf(connector),
    networkType: 'IPV4',
  }
}
