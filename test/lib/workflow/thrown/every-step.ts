import type { ErrorName } from '../../../../pipeline/errors.ts'
import { provisioningSteps, type StepName } from '../../../../pipeline/provisioning.ts'
import { serviceException } from '../../../handlers/provision/service-exception.ts'
import { addColumn, aws } from './aws.ts'
import type { ThrownRow } from './row.ts'

type Exception = readonly [name: string, status: number, message?: string]

/** In which words a service says what every service says, by its client. */
interface Words {
  readonly rejects: (error: Error) => unknown
  readonly unavailable: Exception
  readonly denied: Exception
  readonly refused: Exception
}

const denial = 'User: arn:aws:sts::111122223333:assumed-role/step/run is not authorized to perform: service:Operation on resource: *'
const denied: Exception = ['AccessDeniedException', 400, denial]
const words = {
  athena: {
    rejects: (error: Error) => aws.athena.onAnyCommand().rejects(error),
    unavailable: ['TooManyRequestsException', 400],
    denied,
    refused: ['InvalidRequestException', 400],
  },
  firehose: {
    rejects: (error: Error) => aws.firehose.onAnyCommand().rejects(error),
    unavailable: ['ThrottlingException', 400],
    denied,
    refused: ['InvalidArgumentException', 400],
  },
  glue: {
    rejects: (error: Error) => aws.glue.onAnyCommand().rejects(error),
    unavailable: ['OperationTimeoutException', 400],
    denied,
    refused: ['InvalidInputException', 400],
  },
  kafka: {
    rejects: (error: Error) => aws.kafka.onAnyCommand().rejects(error),
    unavailable: ['ServiceUnavailableException', 503],
    denied: ['ForbiddenException', 403],
    refused: ['BadRequestException', 400],
  },
  kafkaConnect: {
    rejects: (error: Error) => aws.kafkaConnect.onAnyCommand().rejects(error),
    unavailable: ['TooManyRequestsException', 429],
    denied: ['ForbiddenException', 403],
    refused: ['BadRequestException', 400],
  },
  lakeFormation: {
    rejects: (error: Error) => aws.lakeFormation.onAnyCommand().rejects(error),
    unavailable: ['ConcurrentModificationException', 400],
    denied,
    refused: ['InvalidInputException', 400],
  },
  rdsData: {
    rejects: (error: Error) => aws.rdsData.onAnyCommand().rejects(error),
    unavailable: ['InternalFailure', 500],
    denied,
    refused: ['BadRequestException', 400],
  },
} as const satisfies Partial<Record<keyof typeof aws, Words>>

/** The service that a step asks first. */
const asksFirst: Readonly<Partial<Record<StepName, keyof typeof words>>> = {
  'check-request': 'firehose',
  'check-source': 'rdsData',
  'ensure-source': 'rdsData',
  'ensure-vpc-connectivity': 'kafka',
  'await-vpc-connectivity': 'kafka',
  'check-catalog': 'glue',
  'ensure-grants': 'lakeFormation',
  'check-columns': 'glue',
  'ensure-columns': 'glue',
  'ensure-cluster-policy': 'kafka',
  'ensure-topic': 'kafka',
  'await-topic': 'kafka',
  'await-delivery-stream': 'firehose',
  'ensure-slot-forgotten': 'rdsData',
  'ensure-connector': 'kafka',
  'await-connector': 'kafkaConnect',
  'await-snapshot': 'rdsData',
  'ensure-snapshot-requests': 'rdsData',
  'ensure-tables-scanned': 'rdsData',
  'ensure-canary': 'rdsData',
  'await-canary': 'athena',
  'ensure-vanished-removed': 'rdsData',
  'ensure-snapshots-completed': 'rdsData',
  'await-row-counts': 'athena',
}

/** A refused topic operation may be the cluster's not being ACTIVE, so that these steps wait where MSK says BadRequest. */
const refusedOtherwise: Readonly<Partial<Record<StepName, Exception>>> = {
  'ensure-topic': ['KafkaRequestException', 400],
  'await-topic': ['KafkaRequestException', 400],
}

function rejected(
  step: StepName,
  error: ErrorName,
  service: keyof typeof words,
  [name, status, message = 'as AWS says']: Exception,
): ThrownRow {
  return {
    step,
    error,
    says: `${name}: ${message}`,
    arrange() {
      // Without columns to look for they ask nothing.
      if (step.endsWith('-columns')) addColumn()
      words[service].rejects(serviceException(name, message, status))
    },
    // Asked by such an execution only.
    ...(step === 'ensure-slot-forgotten' ? { input: { recover: 'lost-slot' } } : {}),
  }
}

/** What AWS may say to every step that asks it something. */
export const everyStep: readonly ThrownRow[] = provisioningSteps.flatMap((step) => {
  const service = asksFirst[step]
  if (service === undefined) return []
  const { unavailable, denied: refusal, refused } = words[service]
  return [
    rejected(step, 'AwsUnavailable', service, unavailable),
    rejected(step, 'AccessDenied', service, refusal),
    rejected(step, 'RequestRefused', service, refusedOtherwise[step] ?? refused),
  ]
})

const asksSource = provisioningSteps.filter((step) => asksFirst[step] === 'rdsData' || step === 'await-canary')

const sourceSays: readonly (readonly [ErrorName, Exception, says: string])[] = [
  ['SourceUnreachable', ['DatabaseResumingException', 400, 'The DB cluster is resuming'], 'The DB cluster is resuming'],
  ['DataApiDisabled', ['BadRequestException', 400, 'HttpEndpoint is not enabled for resource arn'], 'aws rds enable-http-endpoint'],
  ['SourceSecretUnusable', ['DatabaseErrorException', 400, 'FATAL: password authentication failed; SQLState: 28P01'], 'cannot log in'],
  ['SourceQueryFailed', ['DatabaseErrorException', 400, 'ERROR: permission denied for schema cdc; SQLState: 42501'], 'permission denied'],
  ['SourceBusy', ['DatabaseErrorException', 400, 'ERROR: canceling statement due to lock timeout; SQLState: 55P03'], 'pg_stat_activity'],
]

/** What the source may say to every step that asks it something. */
export const everySource: readonly ThrownRow[] = asksSource.flatMap((step) =>
  sourceSays.map(([error, exception, says]) => ({ ...rejected(step, error, 'rdsData', exception), says })),
)
