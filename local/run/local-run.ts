import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectorProperties } from '../../pipeline/connector.ts'
import { type Deployment, secretName } from '../../pipeline/deployment.ts'
import { changeEventTopic, connectorName } from '../../pipeline/names.ts'
import { resourceNames } from '../../pipeline/resource-names.ts'
import { type CapturedTable, capturedTables } from '../../pipeline/tables.ts'
import { type AwsEndpoint, anyCredentials, serveAws, withoutAccount } from '../aws/endpoint.ts'
import { applyRoleAcls } from '../aws/role-acls.ts'
import { type Secret, secretsManager } from '../aws/secrets-manager.ts'
import { type LocalAccount, openAccount } from '../cloudformation/account.ts'
import { readAssembly } from '../cloudformation/assembly.ts'
import { deployAssembly } from '../cloudformation/deploy.ts'
import { synthesize } from '../cloudformation/synthesize.ts'
import type { DeliverySettingsFile } from '../delivery/settings.ts'
import { workerNames } from '../engines/connect.ts'
import { awaitInitialSnapshot, awaitRunning, putConnector, restartFailed } from '../engines/connector.ts'
import { postgresCredentials } from '../engines/credentials.ts'
import { ensureTopic } from '../engines/kafka.ts'
import { checkoutDirectory } from '../engines/paths.ts'
import { portsFor } from '../engines/ports.ts'
import { postgresHome } from '../engines/postgres-user.ts'
import type { EngineEvent } from '../engines/supervisor.ts'
import { icebergCatalog } from '../iceberg/catalog.ts'
import { checkSource, refuseOtherReader } from '../source/check.ts'
import { sourceAddress } from '../source/connection.ts'
import { type Discovery, discoverTables } from '../source/discover.ts'
import { parsePatterns } from '../source/patterns.ts'
import { prepareSource } from '../source/prepare.ts'
import { prepareSamples } from '../source/samples.ts'
import { slotObstacle } from '../source/slot-obstacle.ts'
import { readTablesFile, writeTablesFile } from '../source/tables-file.ts'
import { claimDataFolder, type DataPaths, dataPaths, readOrigin, resetDataFolder } from './data-folder.ts'
import { startDelivery } from './delivery.ts'
import { readDeployment } from './deployment-file.ts'
import {
  type EnginePlace,
  kafkaLogins,
  portNames,
  roleBootstrap,
  startBroker,
  startSamplePostgres,
  startTableCatalog,
  startWorker,
} from './engines.ts'
import { holdDataFolder } from './lock.ts'
import { identify } from './process-identity.ts'
import { clearAway, openProcesses, type Processes } from './processes.ts'
import { embeddedSource, isSlotActive, ownSource, type Source, withSource } from './source.ts'
import type { Stage } from './stages.ts'
import { lastRun, type RunState, removeRun, writeRun } from './state.ts'

export interface RunOptions {
  readonly dataDirectory: string
  /** The user named the data folder. */
  readonly explicitData: boolean
  /** Empties the data folder first. */
  readonly reset: boolean
  /** The user's own database and the tables of it; undefined: the embedded one with the samples. */
  readonly own?: { readonly url: string; readonly patterns: string } | undefined
  /** The local run's own, unless given. */
  readonly deploymentFile?: string | undefined
  readonly disorder?: DeliverySettingsFile['disorder'] | undefined
  /** Told of every engine that starts, dies and starts again. */
  readonly onEngineEvent?: (event: EngineEvent) => void
  /** Told what is created at the source, before it happens, and what was found there. */
  readonly announce?: (sentence: string) => void
}

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
  #aws: AwsEndpoint | undefined
  #source: Source | undefined
  #declared: readonly CapturedTable[] = []
  #tablesFile = join(checkoutDirectory, 'tables.json')
  #place: EnginePlace | undefined
  #account: LocalAccount | undefined
  readonly #addresses: { kafkaBootstrap?: string; connectUri?: string; catalogUri?: string; deliveryUri?: string } = {}
  #slotObstacle: string | undefined
  #stopped: Promise<void> | undefined

  private constructor(options: RunOptions, deploymentFile: string, deployment: Deployment, folder: { release(): void }) {
    this.#options = options
    this.#deploymentFile = deploymentFile
    this.deployment = deployment
    this.#folder = folder
    this.paths = dataPaths(options.dataDirectory)
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

  /** What other commands need to find the run; complete once all stages are done. */
  get state(): RunState {
    const { kafkaBootstrap, connectUri, catalogUri, deliveryUri } = this.#addresses
    return {
      process: identify(process.pid),
      engines: this.processes.running.flatMap(({ name, pid }) => (pid === undefined ? [] : [{ name, ...identify(pid) }])),
      postgresUrl: this.source.url,
      kafkaBootstrap: started('Kafka', kafkaBootstrap),
      connectUri: started('Kafka Connect', connectUri),
      catalogUri: started('the catalog', catalogUri),
      deliveryUri: started('the delivery', deliveryUri),
      awsEndpoint: started('the AWS endpoint', this.#aws).uri,
      tableBucket: this.deployment.tableBucket.name,
      namespace: this.deployment.namespace.name,
      tablesFile: this.#tablesFile,
    }
  }

  /** What makes the run stream, in order. */
  stages(): Stage<object>[] {
    const { own, explicitData } = this.#options
    const postgres: Stage<object> = {
      title: 'PostgreSQL',
      run: async () => {
        const server = await startSamplePostgres(this.#engines, explicitData)
        this.#source = embeddedSource(server, this.#debezium)
        const { hostname, port, username, password } = new URL(server.url)
        writeFileSync(this.paths.pgpass, `${hostname}:${port}:*:${username}:${password}\n`, { mode: 0o600 })
      },
    }
    return [
      { title: 'Open the data folder', run: (_, say) => this.#openFolder(say) },
      ...(own ? [{ title: `Look at ${sourceAddress(own.url)}`, run: () => this.#lookAt(own) }] : []),
      {
        title: 'Start the engines and synthesize the application',
        parallel: [
          ...(own ? [] : [postgres]),
          { title: 'Kafka', run: async () => void (this.#addresses.kafkaBootstrap = (await startBroker(this.#engines)).bootstrap) },
          { title: 'Iceberg catalog', run: async () => void (this.#addresses.catalogUri = (await startTableCatalog(this.#engines)).uri) },
          { title: 'Synthesize the application', run: (_, say) => this.#synthesize(say) },
        ],
      },
      { title: own ? 'Prepare the source' : 'Create the sample tables', run: () => this.#prepareSource() },
      { title: 'Deploy the stacks', run: (_, say) => this.#deploy(say) },
      {
        title: 'Start the delivery and Kafka Connect',
        parallel: [
          { title: 'delivery', run: () => this.#startDelivery() },
          { title: 'Kafka Connect', run: () => this.#startWorker() },
        ],
      },
      { title: 'Start the connector', run: () => this.#startConnector() },
      { title: 'Wait for the initial snapshot', run: () => this.#awaitSnapshot() },
    ]
  }

  /** Stops everything, in the order that loses least, and lets the data folder go. May be called twice, and at any time. */
  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      await this.processes.stop(stopOrder)
      await this.#aws?.close()
      removeRun(this.paths.directory)
      this.#folder.release()
    })()
    return this.#stopped
  }

  /** The embedded PostgreSQL's role for Debezium. */
  get #debezium() {
    return postgresCredentials(this.paths.directory).debezium
  }

  get #engines(): EnginePlace {
    return started('the data folder', this.#place)
  }

  async #openFolder(say: (detail: string) => void): Promise<void> {
    const { own, dataDirectory, explicitData, reset, onEngineEvent } = this.#options
    const { paths, processes, deployment } = this
    // Also refuses a folder that PostgreSQL could not use, before anything is started.
    const home = own ? undefined : postgresHome(dataDirectory, explicitData)
    await clearAway(lastRun(dataDirectory)?.engines ?? [], say)
    removeRun(dataDirectory)
    // Without an origin the folder is a new one: what PostgreSQL keeps elsewhere is then left from a folder that was deleted.
    if (reset || !readOrigin(paths)) resetDataFolder(paths, home?.dataDirectory)
    claimDataFolder(paths, { source: own ? sourceAddress(own.url) : 'samples' })
    if (!own) {
      this.#declared = readTablesFile(this.#tablesFile)?.tables ?? []
      const { user, password } = this.#debezium
      this.#keepSecret({ username: user, password })
    }
    const onEvent = (event: EngineEvent) => {
      // A process that was started again has another id.
      if (event.kind === 'ready' && lastRun(dataDirectory)) writeRun(dataDirectory, this.state)
      onEngineEvent?.(event)
    }
    this.#place = { paths, processes, deployment, onEvent, port: await portsFor(paths.ports, portNames) }
    this.#aws = await serveAws({ secretsmanager: secretsManager(this.#secrets) }, { access: withoutAccount })
  }

  /** The declaration of the user's own tables is kept in the data folder, never in the committed file. */
  async #lookAt(own: { readonly url: string; readonly patterns: string }): Promise<void> {
    this.#tablesFile = this.paths.tables
    await withSource(own, async (client) => {
      this.#source = ownSource(own.url, client)
      this.#keepSecret(this.#source.role)
      const declared = readTablesFile(this.#tablesFile)
      const found = await discoverTables(client, parsePatterns(own.patterns), declared?.written.tables)
      await checkSource(client, found.tables)
      await refuseOtherReader(client)
      writeTablesFile(this.#tablesFile, found.declarations)
      this.#declared = found.tables
      for (const sentence of findings(found)) this.#options.announce?.(sentence)
    })
  }

  async #startWorker(): Promise<void> {
    const endpoint = started('the AWS endpoint', this.#aws).uri
    const { uri } = await startWorker(this.#engines, { endpoint, credentials: anyCredentials })
    this.#addresses.connectUri = uri
  }

  async #synthesize(say: (detail: string) => void): Promise<void> {
    const { cdkOut: outputDirectory } = this.paths
    await synthesize({ outputDirectory, deploymentFile: this.#deploymentFile, tablesFile: this.#tablesFile, onOutput: say })
  }

  async #prepareSource(): Promise<void> {
    const { own, announce = () => {} } = this.#options
    const { grantedRole } = this.source
    await withSource(this.source, async (client) => {
      if (!own) {
        await prepareSamples(client)
        await checkSource(client, this.#declared)
      }
      await prepareSource(client, capturedTables(this.#declared), { announce, ...(grantedRole === undefined ? {} : { role: grantedRole }) })
    })
  }

  /** Before the worker starts: it starts the connector that it remembers at once. */
  #keepSecret(value: Source['role']): void {
    // Its name stands in the connector's properties, its value only in the memory of the stand-in.
    const arn = this.deployment.secrets.debezium
    this.#secrets.push({ name: secretName(arn), arn, value })
  }

  async #deploy(say: (detail: string) => void): Promise<void> {
    this.#account = openAccount({
      id: this.deployment.account,
      region: this.deployment.region,
      directory: this.paths.aws,
      bucketsDirectory: this.paths.buckets,
      catalog: icebergCatalog(started('the catalog', this.#addresses.catalogUri)),
    })
    await deployAssembly(readAssembly(this.paths.cdkOut), this.#account, undefined, (event) => say(`${event.stack} ${event.action}`))
    const names = Object.values(workerNames(resourceNames(this.deployment).connector))
    await applyRoleAcls(started('Kafka', this.#addresses.kafkaBootstrap), this.#account, names)
  }

  async #startDelivery(): Promise<void> {
    const { kafkaBootstrap, catalogUri } = this.#addresses
    const { disorder } = this.#options
    const bootstrap = started('Kafka', kafkaBootstrap)
    await ensureTopic(bootstrap, { name: changeEventTopic, partitions: 1, retentionHours: this.deployment.kafka.retentionHours })
    const logins = kafkaLogins(this.#engines)
    const delivery = await this.processes.start(() =>
      startDelivery(started('the account', this.#account), {
        paths: this.paths,
        kafkaBootstrap: roleBootstrap(this.#engines),
        kafkaLogin: { user: logins.firehose.user, passwordsFile: logins.passwordsFile },
        catalogUri: started('the catalog', catalogUri),
        tableBucket: this.deployment.tableBucket.name,
        port: this.#engines.port('delivery'),
        ...(disorder ? { disorder } : {}),
        ...(this.#engines.onEvent ? { onEvent: this.#engines.onEvent } : {}),
      }),
    )
    this.#addresses.deliveryUri = delivery.uri
  }

  async #startConnector(): Promise<void> {
    const uri = started('Kafka Connect', this.#addresses.connectUri)
    const topics = { replicationFactor: 1, retentionHours: this.deployment.kafka.retentionHours }
    const tables = this.#declared.filter(({ capture }) => capture)
    const properties = connectorProperties({
      tables,
      topics,
      database: { ...this.source.database, secretName: secretName(this.deployment.secrets.debezium) },
    })
    await putConnector(uri, connectorName, properties)
    await restartFailed(uri, connectorName)
    await awaitRunning(uri, connectorName, { isHeldUp: () => this.#isSlotHeldUp() })
    writeRun(this.paths.directory, this.state)
  }

  /** Says, as often as it changes, what PostgreSQL waits for before it creates the replication slot. */
  async #isSlotHeldUp(): Promise<boolean> {
    const obstacle = await withSource(this.source, slotObstacle)
    if (obstacle !== undefined && obstacle !== this.#slotObstacle) this.#options.announce?.(obstacle)
    this.#slotObstacle = obstacle
    return obstacle !== undefined
  }

  async #awaitSnapshot(): Promise<void> {
    const uri = started('Kafka Connect', this.#addresses.connectUri)
    await withSource(this.source, (client) => awaitInitialSnapshot(uri, connectorName, () => isSlotActive(client)))
  }
}

function started<T>(what: string, value: T | undefined): T {
  if (value === undefined) throw new Error(`${what} is not there yet: a stage runs out of order`)
  return value
}

function* findings({ skipped, warnings, gone }: Discovery): Iterable<string> {
  for (const { schema, name, why } of skipped) yield `${schema}.${name} is left out: ${why}`
  for (const { schema, name } of gone) yield `${schema}.${name} is declared and does not exist any more`
  for (const { schema, name, warnings: about } of warnings) for (const { text } of about) yield `${schema}.${name}: ${text}`
}
