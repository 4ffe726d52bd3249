import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DeliverySettingsFile } from '../../../local/delivery/settings.ts'
import { type RunningCatalog, startCatalog } from '../../../local/engines/catalog.ts'
import { checkoutDirectory, duckdbExtensions } from '../../../local/engines/paths.ts'
import { portsFor } from '../../../local/engines/ports.ts'
import { type IcebergCatalog, icebergCatalog } from '../../../local/iceberg/catalog.ts'
import { type Lake, openLake } from '../../../local/iceberg/duckdb.ts'

/** What tests of the delivery share: a folder, ports, the catalog server, a function to transform with. */
export interface Place {
  readonly directory: string
  readonly port: (name: 'catalog' | 'kafka' | 'controller') => number
  readonly catalog: IcebergCatalog
  readonly catalogPid: number | undefined
  startCatalog(): Promise<void>
  stopCatalog(): Promise<void>
  openLake(): Promise<Lake>
  close(): Promise<void>
}

export async function makePlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'delivery-'))
  const port = await portsFor(join(directory, 'ports.json'), ['catalog', 'kafka', 'controller'])
  const startServer = () =>
    startCatalog({ warehouse: join(directory, 'warehouse'), logFile: join(directory, 'catalog.log'), port: port('catalog') })
  let server: RunningCatalog = await startServer()
  const catalog = icebergCatalog(server.uri)
  await catalog.createNamespace('shop')
  await mkdir(join(directory, 'asset'))
  await writeFile(join(directory, 'asset', 'index.js'), functionSource)
  return {
    directory,
    port,
    catalog,
    get catalogPid() {
      return server.pid
    },
    async startCatalog() {
      server = await startServer()
    },
    stopCatalog: () => server.stop(),
    openLake: () => openLake({ catalogUri: catalog.uri, extensionDirectory: duckdbExtensions, bucket: 'tables', memoryLimit: '200MB' }),
    async close() {
      await server.stop()
      await rm(directory, { recursive: true })
    },
  }
}

/** Does what a record says: `{table, operation, row}` is routed, `{drop}` dropped, `{hang}` never answered, anything else fails. */
const functionSource = `
exports.handler = async (event) => ({ records: await Promise.all(event.records.map(async ({ recordId, kafkaRecordValue }) => {
  let value = {}
  try { value = JSON.parse(Buffer.from(kafkaRecordValue, 'base64').toString()) } catch {}
  if (value.drop) return { recordId, result: 'Dropped', kafkaRecordValue: '' }
  if (!value.table) return { recordId, result: 'ProcessingFailed', kafkaRecordValue: '' }
  return {
    recordId,
    result: 'Ok',
    kafkaRecordValue: Buffer.from(value.text ?? JSON.stringify(value.row)).toString('base64'),
    metadata: { otfMetadata: { destinationDatabaseName: 'shop', destinationTableName: value.table, operation: value.operation } },
  }
})) })`

export const functionArn = 'arn:aws:lambda:us-east-1:111122223333:function:transform'

export interface StreamOptions {
  readonly name: string
  readonly topic: string
  readonly bufferSeconds: number
  readonly transformBufferMB?: string
  readonly retrySeconds?: number
  readonly disorder?: DeliverySettingsFile['disorder']
}

export function streamSettings({ directory, port, catalog }: Place, options: StreamOptions): DeliverySettingsFile {
  const parameters = {
    LambdaArn: functionArn,
    BufferSizeInMBs: options.transformBufferMB ?? '1',
    BufferIntervalInSeconds: '0',
    NumberOfRetries: '3',
  } as const
  return {
    stream: {
      DeliveryStreamType: 'MSKAsSource',
      MSKSourceConfiguration: {
        MSKClusterARN: 'arn:aws:kafka:us-east-1:111122223333:cluster/c/1',
        TopicName: options.topic,
        AuthenticationConfiguration: {},
        ReadFromTimestamp: '1970-01-01T00:00:00Z',
      },
      IcebergDestinationConfiguration: {
        RoleARN: 'arn:aws:iam::111122223333:role/r',
        CatalogConfiguration: { CatalogArn: 'arn:aws:glue:us-east-1:111122223333:catalog/s3tablescatalog/tables' },
        DestinationTableConfigurationList: [
          { DestinationDatabaseName: 'shop', DestinationTableName: 'orders', UniqueKeys: ['id'], S3ErrorOutputPrefix: 'orders-' },
          { DestinationDatabaseName: 'shop', DestinationTableName: 'log' },
        ],
        BufferingHints: { SizeInMBs: 16, IntervalInSeconds: options.bufferSeconds },
        RetryOptions: { DurationInSeconds: options.retrySeconds ?? 300 },
        ProcessingConfiguration: {
          Enabled: true,
          Processors: [
            {
              Type: 'Lambda',
              Parameters: [
                { ParameterName: 'LambdaArn', ParameterValue: parameters.LambdaArn },
                { ParameterName: 'BufferSizeInMBs', ParameterValue: parameters.BufferSizeInMBs },
                { ParameterName: 'BufferIntervalInSeconds', ParameterValue: parameters.BufferIntervalInSeconds },
                { ParameterName: 'NumberOfRetries', ParameterValue: parameters.NumberOfRetries },
              ],
            },
          ],
        },
        S3Configuration: { BucketARN: 'arn:aws:s3:::errors', ErrorOutputPrefix: 'failed/!{firehose:error-output-type}/' },
      },
    },
    streamName: options.name,
    streamArn: `arn:aws:firehose:us-east-1:111122223333:deliverystream/${options.name}`,
    region: 'us-east-1',
    account: '111122223333',
    functions: {
      [functionArn]: {
        functionName: 'transform',
        assetDirectory: join(directory, 'asset'),
        handler: 'index.handler',
        environment: {},
        timeoutSeconds: 20,
        memoryMiB: 256,
      },
    },
    tableBucket: 'tables',
    kafkaBootstrap: `127.0.0.1:${port('kafka')}`,
    catalogUri: catalog.uri,
    bucketsDirectory: join(directory, options.name, 'buckets'),
    stateDirectory: join(directory, options.name, 'delivery'),
    extensionDirectory: duckdbExtensions,
    logsDirectory: join(directory, options.name, 'logs'),
    ...(options.disorder ? { disorder: options.disorder } : {}),
  }
}

export interface DeliveryProcess {
  readonly pid: number
  readonly uri: string
  /** Resolves with the exit status or the signal. */
  readonly exited: Promise<number | string>
  /** Ends its standard input. */
  end(): Promise<number | string>
}

/** Starts a delivery in a process of its own; `main` is the script that is run. Resolves when it is ready, or undefined when it died before. */
export async function startProcess(
  settings: DeliverySettingsFile,
  main = join('local', 'delivery', 'main.ts'),
  env: NodeJS.ProcessEnv = {},
  onSpawn: (pid: number) => void = () => {},
): Promise<DeliveryProcess | undefined> {
  const file = join(settings.stateDirectory, '..', 'settings.json')
  await mkdir(settings.stateDirectory, { recursive: true })
  await writeFile(file, JSON.stringify(settings))
  const child = spawn(process.execPath, ['--import', 'tsx', main, file], {
    cwd: checkoutDirectory,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  const { pid } = child
  if (pid === undefined) throw new Error('the delivery could not be started')
  onSpawn(pid)
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code ?? ''))
  })
  let output = ''
  const ready = new Promise<number>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const line = /^\{"ready":true,"port":(\d+)\}$/m.exec(output)
      if (line) resolve(Number(line[1]))
    })
  })
  const port = await Promise.race([ready, exited.then(() => undefined)])
  if (port === undefined) return undefined
  return {
    pid,
    uri: `http://127.0.0.1:${port}`,
    exited,
    end() {
      child.stdin.end()
      return exited
    },
  }
}

/** A pid of 0 would be this process's whole group. */
export function kill(pid: number | null | undefined): void {
  if (!pid) throw new Error('there is no process to kill')
  process.kill(pid, 'SIGKILL')
}

export interface ErrorLine {
  readonly object: string
  readonly errorCode: string
  readonly rawData: string
  readonly line: Readonly<Record<string, unknown>>
}

/** All lines of all objects in the error bucket. */
export async function errorLines(settings: DeliverySettingsFile): Promise<ErrorLine[]> {
  const bucket = join(settings.bucketsDirectory, 'errors')
  if (!existsSync(bucket)) return []
  const files = (await readdir(bucket, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  const lines = await Promise.all(
    files.map(async (file) =>
      (await readFile(file, 'utf8'))
        .trimEnd()
        .split('\n')
        .map((text) => {
          const line: { errorCode: string; rawData: string } = JSON.parse(text)
          return {
            object: file.slice(bucket.length + 1),
            errorCode: line.errorCode,
            rawData: Buffer.from(line.rawData, 'base64').toString(),
            line: { ...line },
          }
        }),
    ),
  )
  return lines.flat()
}

const field = (id: number, name: string, type: string, required = false) => ({ id, name, type, required })

/** `orders` has a key, `log` has none. */
export async function createTables(catalog: IcebergCatalog): Promise<void> {
  await catalog.createTable('shop', 'orders', {
    type: 'struct',
    'schema-id': 0,
    'identifier-field-ids': [1],
    fields: [field(1, 'id', 'long', true), field(2, 'amount', 'decimal(12,2)'), field(3, 'at', 'timestamptz')],
  })
  await catalog.createTable('shop', 'log', {
    type: 'struct',
    'schema-id': 0,
    'identifier-field-ids': [],
    fields: [field(1, 'n', 'long'), field(2, 'text', 'string')],
  })
}
