import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { LocalAccount } from '../cloudformation/account.ts'
import { localFunctions } from '../cloudformation/resources/lambda-function.ts'
import type { DeliverySettingsFile } from '../delivery/settings.ts'
import type { DeliveryStatus } from '../delivery/status.ts'
import { checkoutDirectory, duckdbExtensions } from '../engines/paths.ts'
import { type Attended, attended, type Supervised, supervise } from '../engines/supervisor.ts'
import type { DataPaths } from './data-folder.ts'

export interface RunningDelivery extends Supervised {
  /** `GET /status` tells what was delivered. */
  readonly uri: string
}

export interface DeliveryPlace extends Attended {
  readonly paths: DataPaths
  readonly kafkaBootstrap: string
  readonly kafkaLogin?: DeliverySettingsFile['kafkaLogin']
  readonly catalogUri: string
  readonly tableBucket: string
  readonly port: number
  readonly disorder?: DeliverySettingsFile['disorder']
}

/** Starts the delivery of the account's deployed stream, in a process of its own. */
export async function startDelivery(account: LocalAccount, place: DeliveryPlace): Promise<RunningDelivery> {
  const { paths, port } = place
  const [stream] = account.find('AWS::KinesisFirehose::DeliveryStream')
  if (!stream) throw new Error('the deployed stacks have no delivery stream')
  const settings: DeliverySettingsFile = {
    stream: stream.properties,
    streamName: stream.physicalId,
    streamArn: stream.arn ?? stream.physicalId,
    region: account.region,
    account: account.id,
    functions: localFunctions(account),
    tableBucket: place.tableBucket,
    kafkaBootstrap: place.kafkaBootstrap,
    ...(place.kafkaLogin ? { kafkaLogin: place.kafkaLogin } : {}),
    catalogUri: place.catalogUri,
    bucketsDirectory: paths.buckets,
    stateDirectory: paths.delivery,
    extensionDirectory: duckdbExtensions,
    logsDirectory: paths.logs,
    ...(place.disorder ? { disorder: place.disorder } : {}),
    port,
  }
  const file = join(paths.directory, 'delivery.json')
  writeFileSync(file, `${JSON.stringify(settings, null, 2)}\n`)
  const delivery = await supervise({
    name: 'delivery',
    command: process.execPath,
    args: ['--import', 'tsx', join('local', 'delivery', 'main.ts'), file],
    cwd: checkoutDirectory,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'] },
    logFile: join(paths.logs, 'delivery.log'),
    ready: async ({ line }) => void (await line(/^\{"ready":true/)),
    ...attended(place),
  })
  return Object.assign(delivery, { uri: `http://127.0.0.1:${port}` })
}

const statusShape = z.object({
  state: z.literal('ACTIVE'),
  partitions: z.array(z.object({ partition: z.number(), deliveredOffset: z.string(), endOffset: z.string() })),
  buffered: z.number(),
  sourceReachable: z.boolean(),
  lastError: z.object({ message: z.string(), at: z.string() }).nullable(),
  functionPid: z.number().nullable(),
  metrics: z.record(z.string(), z.number()),
  minutes: z.array(z.object({ at: z.number(), sums: z.record(z.string(), z.number()) })),
})

/** What a running delivery tells of itself. @throws when it does not answer */
export async function deliveryStatus(uri: string): Promise<DeliveryStatus> {
  const response = await fetch(`${uri}/status`, { signal: AbortSignal.timeout(10_000) })
  return statusShape.parse(await response.json())
}
