import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Credentials, readKafkaPasswords } from '../engines/credentials.ts'
import { CatalogUnreachable, type IcebergCatalog, icebergCatalog } from '../iceberg/catalog.ts'
import { openLake } from '../iceberg/duckdb.ts'
import { tableMaintenance } from '../iceberg/maintenance.ts'
import { runFunction } from '../lambda/function.ts'
import { type Delivery, startDelivery } from './delivery.ts'
import { Problems } from './problems.ts'
import { type DeliverySettings, parseSettings } from './settings.ts'
import { kafkaSource } from './source/kafka-source.ts'
import type { Offsets, PartitionSource } from './source/partition-source.ts'
import { type DeliveryStatus, serveStatus } from './status.ts'

/** `main.ts <settings.json>`: delivers until SIGTERM or the end of standard input; prints one line of JSON when it is ready. */
async function main(file: string | undefined): Promise<void> {
  if (file === undefined) throw new Error('usage: main.ts <settings.json>')
  const settings = parseSettings(JSON.parse(await readFile(file, 'utf8')))
  await mkdir(settings.stateDirectory, { recursive: true })
  const problems = new Problems((line) => console.error(line))
  const catalog = icebergCatalog(settings.catalogUri)
  await catalogAnswers(catalog, problems)
  const lake = await openLake({
    catalogUri: settings.catalogUri,
    extensionDirectory: settings.extensionDirectory,
    bucket: settings.tableBucket,
    memoryLimit: '400MB',
    temporaryDirectory: join(settings.stateDirectory, 'duckdb'),
  })
  const source = kafkaSource({
    bootstrap: settings.kafkaBootstrap,
    topic: settings.stream.topic,
    clientId: settings.streamName,
    login: kafkaLogin(settings),
    onError: problems.report,
  })
  const fn = openFunction(settings)
  const delivery = await startDelivery({
    settings,
    source,
    problems,
    catalog,
    lake,
    fn,
    maintain: tableMaintenance(catalog, problems.report),
  })
  const end = endOffsets(source)
  const { port, server } = await serveStatus(settings.port, () => statusOf(delivery, end, fn?.pid, problems))
  console.log(JSON.stringify({ ready: true, port }))

  const asked = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
    process.stdin.once('end', resolve)
    process.stdin.once('error', resolve)
    process.stdin.resume()
  })
  await Promise.race([asked, delivery.ended])
  server.close()
  await delivery.stop()
}

/** An engine that is being started again is waited for; nothing can be done without the catalog. */
async function catalogAnswers(catalog: IcebergCatalog, problems: Problems): Promise<void> {
  for (;;) {
    try {
      await catalog.listNamespaces()
      return
    } catch (error) {
      if (!(error instanceof CatalogUnreachable)) throw error
      problems.report(error.message)
      await sleep(500)
    }
  }
}

function kafkaLogin({ kafkaLogin: login }: DeliverySettings): Credentials | undefined {
  if (!login) return undefined
  const password = readKafkaPasswords(login.passwordsFile)[login.user]
  if (password === undefined) throw new Error(`delivery settings: ${login.passwordsFile} has no password of ${login.user}`)
  return { user: login.user, password }
}

function openFunction(settings: DeliverySettings): ReturnType<typeof runFunction> | undefined {
  const functionArn = settings.stream.transform?.functionArn
  if (functionArn === undefined) return undefined
  const fn = settings.functions[functionArn]
  if (!fn) throw new Error(`delivery settings: the stream's function ${functionArn} is not among the functions`)
  return runFunction(fn, { functionArn, region: settings.region, logFile: join(settings.logsDirectory, `${fn.functionName}.log`) })
}

interface EndOffsets {
  readonly offsets: Offsets
  readonly reachable: boolean
}

/** Asks the source, but not for long: a status is answered also when the broker is down. */
function endOffsets(source: PartitionSource): () => Promise<EndOffsets> {
  let last: Offsets = new Map()
  const patienceMs = 2000
  return async () => {
    let timer: NodeJS.Timeout | undefined
    const asked = source.endOffsets().then(
      (offsets) => {
        last = offsets
        return true
      },
      () => false,
    )
    const reachable = await Promise.race([
      asked,
      new Promise<false>((resolve) => {
        timer = setTimeout(() => resolve(false), patienceMs)
      }),
    ])
    clearTimeout(timer)
    return { offsets: last, reachable }
  }
}

async function statusOf(
  delivery: Delivery,
  end: () => Promise<EndOffsets>,
  functionPid: number | undefined,
  problems: Problems,
): Promise<DeliveryStatus> {
  const { offsets, reachable } = await end()
  const delivered = delivery.deliveredOffsets
  const partitions = [...new Set([...offsets.keys(), ...delivered.keys()])]
    .sort((one, other) => one - other)
    .map((partition) => ({
      partition,
      next: delivered.get(partition) ?? 0n,
      end: offsets.get(partition) ?? delivered.get(partition) ?? 0n,
    }))
  delivery.metrics.set(
    'KafkaOffsetLag',
    partitions.reduce((lag, { next, end: last }) => lag + Number(last > next ? last - next : 0n), 0),
  )
  return {
    state: 'ACTIVE',
    partitions: partitions.map(({ partition, next, end: last }) => ({ partition, deliveredOffset: String(next), endOffset: String(last) })),
    buffered: delivery.buffered,
    sourceReachable: reachable,
    lastError: problems.last ?? null,
    functionPid: functionPid ?? null,
    metrics: delivery.metrics.read(),
    minutes: delivery.metrics.readMinutes(),
  }
}

main(process.argv[2]).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
    process.exit(1)
  },
)
