import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Deployment, secretName } from '../../pipeline/deployment.ts'
import { resourceNames } from '../../pipeline/resource-names.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import type { ConnectWorkers } from '../aws/place.ts'
import type { Secret } from '../aws/secrets-manager.ts'
import { synthesize } from '../cloudformation/synthesize.ts'
import { postgresCredentials } from '../engines/credentials.ts'
import { checkoutDirectory } from '../engines/paths.ts'
import { portsFor } from '../engines/ports.ts'
import { postgresHome } from '../engines/postgres-user.ts'
import type { EngineEvent } from '../engines/supervisor.ts'
import { sourceAddress } from '../source/connection.ts'
import { readTablesFile } from '../source/tables-file.ts'
import { type ConnectWorker, connectWorker } from './connect-worker.ts'
import { claimDataFolder, type DataPaths, dataPaths, readOrigin, resetDataFolder } from './data-folder.ts'
import { deployStacks } from './deploy-stacks.ts'
import { readDeployment } from './deployment-file.ts'
import {
  type EnginePlace,
  engineAddresses,
  portNames,
  sampleDatabase,
  startBroker,
  startSamplePostgres,
  startTableCatalog,
} from './engines.ts'
import { type LocalAws, openLocalAws } from './local-aws.ts'
import { writeLocalDeployment } from './local-deployment.ts'
import { holdDataFolder } from './lock.ts'
import { identify } from './process-identity.ts'
import { clearAway, openProcesses, type Processes } from './processes.ts'
import type { RunOptions } from './run-options.ts'
import { embeddedSource, ownSource, type Source, withSource } from './source.ts'
import { createSamples, lookAtSource } from './source-preparation.ts'
import type { Stage } from './stages.ts'
import { lastRun, type RunState, removeRun, writeRun } from './state.ts'
import { streamingStage } from './streaming-stage.ts'

/** Order of stopping: the connector hands over its offsets while the others still answer. */
const stopOrder = ['Kafka Connect', 'delivery']

/** The whole data path on this machine, from the source to the Iceberg tables. */
export class LocalRun {
  readonly paths: DataPaths
  readonly deployment: Deployment
  readonly processes: Processes = openProcesses()
  readonly #options: RunOptions
  readonly #deploymentFile: string
  readonly #folder: { release(): void }
  readonly #secrets: Secret[] = []
  readonly #stopping = new AbortController()
  #aws: LocalAws | undefined
  #worker: ConnectWorker | undefined
  #source: Source | undefined
  #declared: readonly CapturedTable[] = []
  #tablesFile: string
  #place: EnginePlace | undefined
  #report: string | undefined
  #stopped: Promise<void> | undefined

  private constructor(options: RunOptions, deploymentFile: string, deployment: Deployment, folder: { release(): void }) {
    this.#options = options
    this.#deploymentFile = deploymentFile
    this.deployment = deployment
    this.#folder = folder
    this.paths = dataPaths(options.dataDirectory)
    this.#tablesFile = options.tablesFile ?? join(checkoutDirectory, 'tables.json')
  }

  /**
   * Takes the data folder.
   * @throws PipelineError `DataFolderUnusable`, `InvalidDeployment`
   */
  static async open(options: RunOptions): Promise<LocalRun> {
    const file = options.deploymentFile ?? join(checkoutDirectory, 'local', 'deployment.json')
    return new LocalRun(options, file, readDeployment(file), await holdDataFolder(options.dataDirectory))
  }

  /** The declared tables, without the canary. */
  get declared(): readonly CapturedTable[] {
    return this.#declared
  }

  get source(): Source {
    return started('the source', this.#source)
  }

  get aws(): LocalAws {
    return started('the AWS endpoint', this.#aws)
  }

  /** Output of the execution that the run started; JSON. */
  get report(): string {
    return started('the execution', this.#report)
  }

  /** What other commands need to find the run; complete once everything is started. */
  get state(): RunState {
    const { engines } = this.aws.place
    return {
      process: identify(process.pid),
      engines: this.processes.running.flatMap(({ name, pid }) => (pid === undefined ? [] : [{ name, ...identify(pid) }])),
      postgresUrl: this.source.url,
      kafkaBootstrap: engines.kafkaBootstrap(),
      connectUri: engines.connectUri(),
      catalogUri: engines.catalogUri(),
      deliveryUri: engines.deliveryUri(),
      awsEndpoint: this.aws.endpoint.uri,
      awsCredentials: this.aws.place.principals.administrator,
      tableBucket: this.deployment.tableBucket.name,
      namespace: this.deployment.namespace.name,
      failedRecords: join(this.paths.buckets, resourceNames(this.deployment).errorBucket),
      tablesFile: this.#tablesFile,
    }
  }

  /** What makes the run stream, in order. */
  stages(): Stage<object>[] {
    const { own } = this.#options
    return [
      { title: 'Open the data folder', run: (_, say) => this.#openFolder(say) },
      ...(own ? [{ title: `Look at ${sourceAddress(own.url)}`, run: () => this.#lookAt(own) }] : []),
      {
        title: 'Start the engines and synthesize the application',
        parallel: [
          ...(own ? [] : [{ title: 'PostgreSQL', run: () => this.#startPostgres() }]),
          { title: 'Kafka', run: () => this.#startKafka() },
          { title: 'Iceberg catalog', run: () => this.#startCatalog() },
          { title: 'Synthesize the application', run: (_, say) => this.#synthesize(say) },
        ],
      },
      ...(own ? [] : [{ title: 'Create the sample tables', run: () => this.#createSamples() }]),
      { title: 'Deploy the stacks', run: (_, say) => this.#deploy(say) },
      streamingStage({
        run: () => ({ aws: this.aws, place: this.#engines, worker: started('the worker', this.#worker), source: this.source }),
        options: this.#options,
        signal: this.#stopping.signal,
        onStart: () => writeRun(this.paths.directory, this.state),
        onReport: (report) => {
          this.#report = report
        },
      }),
    ]
  }

  /** Stops everything, in the order that loses least, and lets the data folder go. May be called twice, and at any time. */
  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      this.#stopping.abort()
      await this.#aws?.workflow.close()
      await this.processes.stop(stopOrder)
      await this.#aws?.close()
      removeRun(this.paths.directory)
      this.#folder.release()
    })()
    return this.#stopped
  }

  /** There once AWS is, in which they are told to start and stop. */
  get #workers(): ConnectWorkers {
    const of = () => started('the worker', this.#worker).workers
    return { start: () => of().start(), stop: () => of().stop() }
  }

  get #engines(): EnginePlace {
    return started('the data folder', this.#place)
  }

  async #openFolder(say: (detail: string) => void): Promise<void> {
    const { own, dataDirectory, explicitData, reset, wayToBroker, onEngineEvent, announce = () => {} } = this.#options
    const { paths, processes, deployment } = this
    // Also refuses a folder that PostgreSQL could not use, before anything is started.
    const home = own ? undefined : postgresHome(dataDirectory, explicitData)
    await clearAway(lastRun(dataDirectory)?.engines ?? [], say)
    removeRun(dataDirectory)
    // Without an origin the folder is a new one: what PostgreSQL keeps elsewhere is then left from a folder that was deleted.
    if (reset || !readOrigin(paths)) resetDataFolder(paths, home?.dataDirectory)
    claimDataFolder(paths, { source: own ? sourceAddress(own.url) : 'samples' })
    const onEvent = (event: EngineEvent) => {
      // A process that was started again has another id.
      if (event.kind === 'ready' && lastRun(dataDirectory)) writeRun(dataDirectory, this.state)
      onEngineEvent?.(event)
    }
    const port = await portsFor(paths.ports, portNames)
    this.#place = { paths, processes, deployment, wayToBroker, onEvent, port }
    this.#aws = await openLocalAws({
      paths,
      deployment,
      port: port('aws'),
      engines: { ...engineAddresses(this.#engines, () => this.source.url), workers: this.#workers },
      secrets: this.#secrets,
      onFailure: announce,
    })
    this.#worker = connectWorker(this.#engines, this.#aws, announce)
    if (own) return
    this.#declared = readTablesFile(this.#tablesFile)?.tables ?? []
    await this.#useSource(embeddedSource(postgresCredentials(paths.directory), port('postgres'), sampleDatabase))
  }

  /** Before the worker starts: it starts the connector that it remembers at once. */
  async #useSource(source: Source): Promise<void> {
    const { debezium, preparation } = this.deployment.secrets
    this.#source = source
    // Their names stand in the templates, their values only in the memory of the stand-in.
    this.#secrets.push({ name: secretName(debezium), arn: debezium, value: { ...source.debezium } })
    this.#secrets.push({ name: secretName(preparation), arn: preparation, value: { ...source.preparation } })
    await writeLocalDeployment(this.#deploymentFile, this.paths.deployment, source)
  }

  /** The declaration of the user's own tables is kept in the data folder, never in the committed file. */
  async #lookAt(own: { readonly url: string; readonly patterns: string }): Promise<void> {
    this.#tablesFile = this.paths.tables
    const { announce = () => {} } = this.#options
    await withSource(own, async (client) => {
      await this.#useSource(ownSource(own.url, client))
      this.#declared = await lookAtSource(client, { patterns: own.patterns, tablesFile: this.#tablesFile, announce })
    })
  }

  async #startPostgres(): Promise<void> {
    const server = await startSamplePostgres(this.#engines, this.#options.explicitData)
    const { hostname, port, username, password } = new URL(server.url)
    writeFileSync(this.paths.pgpass, `${hostname}:${port}:*:${username}:${password}\n`, { mode: 0o600 })
  }

  async #startKafka(): Promise<void> {
    await startBroker(this.#engines)
    this.#startWorker()
  }

  async #startCatalog(): Promise<void> {
    await startTableCatalog(this.#engines)
  }

  async #synthesize(say: (detail: string) => void): Promise<void> {
    const { cdkOut: outputDirectory, deployment: deploymentFile } = this.paths
    await synthesize({ outputDirectory, deploymentFile, tablesFile: this.#tablesFile, onOutput: say })
  }

  async #createSamples(): Promise<void> {
    const { announce = () => {} } = this.#options
    const { debezium } = this.source
    await withSource(this.source, (client) => createSamples(client, this.#declared, debezium.username, announce))
  }

  async #deploy(say: (detail: string) => void): Promise<void> {
    const { aws, paths } = this
    const audience = { say, tell: this.#options.tell }
    await deployStacks(aws, paths.cdkOut, { audience, signal: this.#stopping.signal, onStack: () => this.#startWorker() })
  }

  /** In the background, as soon as its role is deployed; who needs it awaits it. */
  #startWorker(): void {
    const worker = started('the worker', this.#worker)
    if (worker.canStart()) void worker.start().catch(() => {})
  }
}

function started<T>(what: string, value: T | undefined): T {
  if (value === undefined) throw new Error(`${what} is not there yet: a stage runs out of order`)
  return value
}
