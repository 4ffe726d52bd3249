import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { PipelineError } from '../../pipeline/errors.ts'
import { resourceNames } from '../../pipeline/resource-names.ts'
import type { DeliveryStatus } from '../delivery/status.ts'
import { postgresCredentials } from '../engines/credentials.ts'
import { checkoutDirectory, duckdbExtensions } from '../engines/paths.ts'
import { portsFor } from '../engines/ports.ts'
import { type RunningPostgres, startPostgres } from '../engines/postgres.ts'
import { postgresHome } from '../engines/postgres-user.ts'
import type { EngineEvent, Supervised } from '../engines/supervisor.ts'
import { type Lake, openLake } from '../iceberg/duckdb.ts'
import { quoteIdentifier } from '../iceberg/iceberg-type.ts'
import { deliveryStatus } from '../run/delivery.ts'
import { LocalRun } from '../run/local-run.ts'
import { withSource } from '../run/source.ts'
import { runStages, type Stage } from '../run/stages.ts'
import { catchUp } from '../verification/catch-up.ts'
import { type VerificationReport, verifyTables } from '../verification/verify-tables.ts'
import type { Execution } from '../workflow/execution.ts'
import { type WrappedFunction, wrapFunction } from './function-wrapper.ts'
import { openProxy, type Proxy } from './proxy.ts'
import { sourceStatements, workloadSchema } from './tables.ts'
import { openTopic, type Topic } from './topic.ts'

/** A local run on a PostgreSQL of the suite's own, with everything by which it can be hurt. */
export interface FaultyRun {
  readonly run: LocalRun
  /** Straight to PostgreSQL, past the proxy. */
  readonly sourceUrl: string
  /** By which all of the pipeline comes to PostgreSQL. */
  readonly wayToSource: Proxy
  /** By which Kafka Connect and the delivery come to the broker. */
  readonly wayToBroker: Proxy
  readonly transform: WrappedFunction
  readonly lake: Lake
  /** Its namespace in the lake, quoted. */
  readonly namespace: string
  engine(name: EngineName): Supervised
  delivery(): Promise<DeliveryStatus>
  topic<T>(use: (topic: Topic) => Promise<T>): Promise<T>
  atSource<T>(act: (client: Client) => Promise<T>): Promise<T>
  /** Waits until what is committed at the source now is in Iceberg. @throws PipelineError `NotCaughtUp` */
  caughtUp(): Promise<void>
  verify(): Promise<VerificationReport>
  /** Runs the provisioning state machine to its end. */
  execute(input: object): Promise<Execution>
  stop(): Promise<void>
}

export type EngineName = 'PostgreSQL' | 'Kafka' | 'Kafka Connect' | 'Iceberg catalog' | 'delivery'

export interface FaultyRunSettings {
  /** Holds two folders: the source's, and the run's. */
  readonly folder: string
  readonly onEngineEvent?: (event: EngineEvent) => void
  /** What shows the stages of the start; nothing, unless given. */
  readonly show?: (stages: readonly Stage<object>[]) => Promise<void>
  /** Told the run before it is started, so that it can be stopped at any time. */
  readonly onOpen?: (stop: () => Promise<void>) => void
  /** Told of the run before its engines are started. */
  readonly onRun?: (run: LocalRun, sourceUrl: string) => void
  /** Done at the source before the pipeline knows of it. */
  readonly prepare?: (client: Client) => Promise<void>
}

/** How long to wait for tables that fall behind. */
const patienceMs = 180_000

/** Starts it; when it cannot be started, nothing of it is left. */
export async function startFaultyRun(settings: FaultyRunSettings): Promise<FaultyRun> {
  const { folder, onEngineEvent, show = (stages) => runStages(stages, {}), onOpen, onRun, prepare } = settings
  const ending: (() => Promise<void>)[] = []
  let stopped: Promise<void> | undefined
  const stop = () =>
    (stopped ??= (async () => {
      for (const end of ending.toReversed()) await end()
    })())
  /** What is there only once the run is being stopped is ended at once. */
  const endWith = async (end: () => Promise<void>) => {
    if (stopped) {
      await end()
      throw new PipelineError('RunStopped', 'The run was stopped before it was ready.')
    }
    ending.push(end)
  }
  onOpen?.(stop)
  try {
    const sourceFolder = join(folder, 'source')
    mkdirSync(sourceFolder, { recursive: true })
    // The server may run as another user.
    for (const path of [folder, sourceFolder]) chmodSync(path, 0o755)
    const postgres = await startSource(sourceFolder, onEngineEvent)
    await endWith(() => postgres.stop())
    await withSource(postgres, async (client) => {
      const { rows } = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [workloadSchema])
      if (rows.length === 0) for (const statement of sourceStatements) await client.query(statement)
      await prepare?.(client)
    })
    const ports = await portsFor(join(folder, 'ways.json'), ['source', 'broker'])
    const wayToSource = await openProxy(() => postgres.port, ports('source'))
    await endWith(() => wayToSource.close())
    let brokerPort = 0
    const wayToBroker = await openProxy(() => brokerPort, ports('broker'))
    await endWith(() => wayToBroker.close())
    const url = new URL(postgres.url)
    url.port = String(wayToSource.port)
    const run = await LocalRun.open({
      dataDirectory: join(folder, 'run'),
      explicitData: true,
      reset: false,
      deploymentFile: deploymentFile(folder),
      own: { url: url.href, patterns: `${workloadSchema}.*` },
      wayToBroker: (port) => {
        brokerPort = port
        return wayToBroker.port
      },
      ...(onEngineEvent ? { onEngineEvent } : {}),
    })
    await endWith(() => run.stop())
    onRun?.(run, postgres.url)
    await show(run.stages())
    const { state } = run
    const lake = await openLake({
      catalogUri: state.catalogUri,
      extensionDirectory: duckdbExtensions,
      bucket: state.tableBucket,
      memoryLimit: '400MB',
    })
    await endWith(async () => lake.close())
    const delivery = () => deliveryStatus(state.deliveryUri)
    const transform = await wrapTransform(run, delivery)
    const atSource: FaultyRun['atSource'] = (act) => withSource(postgres, act)
    const namespace = `${quoteIdentifier(lake.catalogName)}.${quoteIdentifier(state.namespace)}`
    const watched = { namespace, timeoutMs: patienceMs, deliveryUri: state.deliveryUri }
    return {
      run,
      sourceUrl: postgres.url,
      wayToSource,
      wayToBroker,
      transform,
      lake,
      namespace,
      engine(name) {
        const found = [postgres, ...run.processes.running].find((process) => process.name === name)
        if (!found) throw new Error(`no ${name} runs`)
        return found
      },
      delivery,
      async topic(use) {
        const topic = await openTopic(state.kafkaBootstrap)
        try {
          return await use(topic)
        } finally {
          await topic.close()
        }
      },
      atSource,
      async caughtUp() {
        const connection = await lake.connect()
        try {
          await atSource((client) => catchUp({ client, connection, ...watched }))
        } finally {
          connection.closeSync()
        }
      },
      execute: (input) => {
        const { account, workflow } = run.aws
        const machine = account.arn('states', `stateMachine:${resourceNames(run.deployment).stateMachine}`)
        return workflow.executions.ended(workflow.executions.start(machine, JSON.stringify(input)).executionArn)
      },
      verify: () => verifyTables({ ...watched, source: postgres.url, lake, namespace: state.namespace, tables: run.declared }),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function startSource(folder: string, onEvent: FaultyRunSettings['onEngineEvent']): Promise<RunningPostgres> {
  return portsFor(join(folder, 'ports.json'), ['postgres']).then((port) =>
    startPostgres({
      home: postgresHome(folder, true),
      credentials: postgresCredentials(folder),
      database: 'shop',
      port: port('postgres'),
      logFile: join(folder, 'postgres.log'),
      ...(onEvent ? { onEvent } : {}),
    }),
  )
}

/** The local run's own deployment with a function that is given up sooner. */
function deploymentFile(folder: string): string {
  const standard: object = JSON.parse(readFileSync(join(checkoutDirectory, 'local', 'deployment.json'), 'utf8'))
  const { $schema: _, ...deployment } = { $schema: '', ...standard, transform: { bufferIntervalSeconds: 0, timeoutSeconds: 10 } }
  const file = join(folder, 'deployment.json')
  writeFileSync(file, JSON.stringify(deployment))
  return file
}

/** The process of the function is ended, so that the next one loads what is around the bundle now. */
async function wrapTransform(run: LocalRun, delivery: () => Promise<DeliveryStatus>): Promise<WrappedFunction> {
  const wrapped = wrapFunction(run.paths.directory)
  const { functionPid } = await delivery()
  if (functionPid !== null) process.kill(functionPid, 'SIGKILL')
  return wrapped
}

/** Looks until something is there. @throws Error when it is not in time */
export async function eventually<T>(look: () => Promise<T | undefined> | T | undefined, timeoutMs: number, what: string): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`${what}: not after ${timeoutMs / 1000} s`)
    await sleep(50)
  }
}
