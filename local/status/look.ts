import { nameAwsError } from '../../handlers/provision/aws-errors.ts'
import { findConnector } from '../../handlers/provision/connector/find-connector.ts'
import { lastErrors } from '../../handlers/provision/connector/log-errors.ts'
import { dataApi } from '../../handlers/provision/data-api.ts'
import { PipelineError } from '../../pipeline/errors.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import { slotStatus, slotStatusQuery } from '../../pipeline/slot-status.ts'
import type { StatusClients } from './clients.ts'
import { streamOf, topicOf } from './delivery.ts'
import { executionsOf } from './executions.ts'
import type { Asked, ConnectorFacts, Facts } from './facts.ts'
import { measurements } from './measurements.ts'
import { tableFacts } from './tables.ts'

export interface Looking {
  readonly clients: StatusClients
  readonly plan: ProvisioningPlan
  /** ARN */
  readonly stateMachine: string
  /** Whether the rows of the Iceberg tables are counted, which reads them. */
  readonly counts: boolean
  /** Where the partitions of the topic end, by partition; MSK does not tell. */
  readonly endOffsets?: () => Promise<readonly string[]>
  readonly now: Date
}

/** Asks every part of the pipeline, each for itself: one that does not answer is told of beside the others. It changes nothing. */
export async function look(looking: Looking): Promise<Facts> {
  const { clients, plan, stateMachine, counts, endOffsets, now } = looking
  const measured = measurements(clients.cloudWatch, plan, now)
  const stream = streamOf(clients.firehose, plan.deliveryStream)
  const [source, connector, topic, described, transform, errorBucket, tables, executions] = await Promise.all([
    asked(
      async () => slotStatus(await dataApi(clients.rdsData, plan.source, plan.source.preparationSecret).query(slotStatusQuery)) ?? null,
    ),
    asked(() => connectorFacts(clients, plan, measured, now)),
    asked(async () => topicOf(clients.kafka, plan.topic.name, (await stream)?.clusterArn, endOffsets)),
    asked(async () => {
      const found = await stream
      return found ? { status: found.status, failure: found.failure, ...(await measured).stream } : null
    }),
    asked(async () => (await measured).transform),
    asked(async () => ({ objects: (await measured).errorObjects })),
    counts ? asked(() => tableFacts(clients.athena, plan)) : null,
    asked(() => executionsOf(clients.stepFunctions, stateMachine)),
  ])
  return { source, connector, topic, stream: described, transform, errorBucket, tables, executions }
}

async function asked<T>(ask: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { found: await ask() }
  } catch (thrown) {
    const error = nameAwsError(thrown)
    // Anything else is a bug, or concerns every hop, as missing credentials do.
    if (!(error instanceof PipelineError)) throw error
    return { error: { name: error.name, message: error.message } }
  }
}

async function connectorFacts(
  { kafkaConnect, logs }: StatusClients,
  { connector: { name, logGroup } }: ProvisioningPlan,
  measured: ReturnType<typeof measurements>,
  now: Date,
): Promise<ConnectorFacts | null> {
  const connector = await findConnector(kafkaConnect, name)
  if (!connector) return null
  const { connectorArn: arn, connectorState: state = 'in no state', creationTime } = connector
  const tasks = (await measured).tasks
  const runs = state === 'RUNNING' && tasks.runningTasks !== 0 && (tasks.erroredTasks ?? 0) === 0
  return { arn, state, ...tasks, errors: runs ? [] : await lastErrors(logs, logGroup, creationTime, now) }
}
