import { execFile, spawnSync } from 'node:child_process'
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { PipelineError } from '../../pipeline/errors.ts'
import { quoteIdentifier, quoteLiteral } from '../../pipeline/source-sql.ts'
import { processStart } from '../run/process-identity.ts'
import type { PostgresCredentials } from './credentials.ts'
import { type PostgresHome, prepareDataFolder } from './postgres-user.ts'
import { type Attended, attended, type Supervised, supervise } from './supervisor.ts'

export interface RunningPostgres extends Supervised {
  readonly port: number
  readonly database: string
  /** Administrator's connection string, password included. */
  readonly url: string
}

export interface PostgresSettings extends Attended {
  readonly home: PostgresHome
  readonly logFile: string
  readonly port: number
  readonly credentials: PostgresCredentials
  /** Name of the database; created when missing. */
  readonly database: string
}

/**
 * Starts PostgreSQL on 127.0.0.1, with logical replication, Debezium's role and the database; a new cluster is created when there is none.
 * @throws PipelineError `EngineFailed`
 */
export async function startPostgres(settings: PostgresSettings): Promise<RunningPostgres> {
  const { home, port, credentials, database } = settings
  if (!existsSync(join(home.dataDirectory, 'PG_VERSION'))) await createCluster(home, credentials)
  const server = await supervise({
    name: 'PostgreSQL',
    command: join(home.software, 'bin', 'postgres'),
    args: ['-D', home.dataDirectory, ...options(port)],
    cwd: home.dataDirectory,
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
    ...home.user,
    logFile: settings.logFile,
    guard: true,
    // Fast shutdown: sessions are ended, what is committed is written.
    stopSignal: 'SIGINT',
    beforeStart: () => clearStalePid(home.dataDirectory),
    ready: async ({ line }) => void (await line(/database system is ready to accept connections/)),
    secrets: [credentials.administrator.password, credentials.debezium.password],
    ...attended(settings),
  })
  const { user, password } = credentials.administrator
  const url = (name: string) => `postgres://${user}:${password}@127.0.0.1:${port}/${name}`
  try {
    await ensureRoleAndDatabase(url('postgres'), credentials, database)
  } catch (error) {
    await server.stop()
    throw error
  }
  return Object.assign(server, { port, database, url: url(database) })
}

function options(port: number): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    wal_level: 'logical',
    max_replication_slots: 10,
    max_wal_senders: 10,
    password_encryption: 'scram-sha-256',
    log_min_messages: 'warning',
    log_line_prefix: '%m [%p] ',
    // Statements may hold values and passwords.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    // What a killed process had written is in the operating system's cache all the same; only a crash of the machine itself could lose it.
    fsync: 'off',
    full_page_writes: 'off',
    // A slot that nobody reads must not fill the disk of a laptop.
    max_slot_wal_keep_size: '8GB',
    timezone: 'UTC',
    lc_messages: 'C',
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** Made under another name first: an initdb that is killed leaves a folder that looks finished. */
async function createCluster(home: PostgresHome, { administrator }: PostgresCredentials): Promise<void> {
  const unfinished = { ...home, dataDirectory: `${home.dataDirectory}.new` }
  rmSync(unfinished.dataDirectory, { recursive: true, force: true })
  prepareDataFolder(unfinished)
  const passwordFile = `${home.dataDirectory}.password`
  writeFileSync(passwordFile, `${administrator.password}\n`, { mode: 0o600 })
  if (home.user.uid !== undefined && home.user.gid !== undefined) chownSync(passwordFile, home.user.uid, home.user.gid)
  const args = [
    `--pgdata=${unfinished.dataDirectory}`,
    `--username=${administrator.user}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-sync',
  ]
  try {
    await promisify(execFile)(join(home.software, 'bin', 'initdb'), args, {
      ...home.user,
      cwd: unfinished.dataDirectory,
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
    })
  } catch (cause) {
    const said = typeof cause === 'object' && cause !== null && 'stderr' in cause ? String(cause.stderr).trim() : String(cause)
    throw new PipelineError(
      'EngineFailed',
      `PostgreSQL could not create its data folder ${home.dataDirectory}: ${said.split('\n').slice(-3).join(' ')}`,
    )
  } finally {
    rmSync(passwordFile, { force: true })
  }
  // Only there when it is empty: the cluster does not exist yet.
  rmSync(home.dataDirectory, { recursive: true, force: true })
  renameSync(unfinished.dataDirectory, home.dataDirectory)
}

/**
 * A killed server leaves `postmaster.pid`, and a server refuses to start while any process of that user has the id in it.
 * @throws PipelineError `DataFolderUnusable` when that process is a server of this folder and stays.
 */
async function clearStalePid(dataDirectory: string): Promise<void> {
  const file = join(dataDirectory, 'postmaster.pid')
  if (!existsSync(file)) return
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
  if (!(pid > 1) || processStart(pid) === undefined) return
  const serves = () => commandLine(pid).includes(dataDirectory)
  if (!serves()) {
    rmSync(file)
    return
  }
  // The server of a run that was killed is being stopped by its guard.
  for (let waited = 0; waited < 15_000; waited += 100) {
    if (!serves()) return
    await sleep(100)
  }
  throw new PipelineError(
    'DataFolderUnusable',
    `A PostgreSQL server (process ${pid}) still uses ${dataDirectory}: stop it, or take another folder with --data DIR.`,
  )
}

function commandLine(pid: number): string {
  return spawnSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout
}

async function ensureRoleAndDatabase(url: string, { debezium }: PostgresCredentials, database: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const role = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [debezium.user])
    // Nothing but a login: its rights are granted with the tables, by the statements that a database on AWS needs too.
    if (role.rowCount === 0)
      await client.query(`CREATE ROLE ${quoteIdentifier(debezium.user)} LOGIN PASSWORD ${quoteLiteral(debezium.password)}`)
    const existing = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database])
    if (existing.rowCount === 0) await client.query(`CREATE DATABASE ${quoteIdentifier(database)}`)
  } finally {
    await client.end()
  }
}
