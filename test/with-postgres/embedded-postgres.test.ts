import { spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { postgresCredentials } from '../../local/engines/credentials.ts'
import { portsFor } from '../../local/engines/ports.ts'
import { type RunningPostgres, startPostgres } from '../../local/engines/postgres.ts'
import { postgresHome } from '../../local/engines/postgres-user.ts'

let directory: string
let server: RunningPostgres | undefined

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-postgres-'))
  chmodSync(directory, 0o755)
})

afterEach(async () => {
  await server?.stop()
  rmSync(directory, { recursive: true })
})

async function start(): Promise<RunningPostgres> {
  const port = await portsFor(join(directory, 'ports.json'), ['postgres'])
  server = await startPostgres({
    home: postgresHome(directory, true),
    logFile: join(directory, 'logs', 'postgres.log'),
    port: port('postgres'),
    credentials: postgresCredentials(directory),
    database: 'app',
  })
  return server
}

async function query(text: string, url = server?.url): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

async function untilAnswering(restarts: number): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if ((server?.restarts ?? 0) >= restarts && (await query('SELECT 1').catch(() => undefined))) return
    await sleep(25)
  }
  throw new Error('PostgreSQL did not come back')
}

test('is set up for logical replication, on 127.0.0.1 only, with passwords', async () => {
  await start()
  const settings = await query(
    `SELECT current_setting('wal_level') AS wal, current_setting('listen_addresses') AS address, current_setting('unix_socket_directories') AS sockets,
            current_setting('password_encryption') AS passwords, current_setting('server_version_num')::int >= 170000 AS new_enough`,
  )
  expect(settings).toEqual([{ wal: 'logical', address: '127.0.0.1', sockets: '', passwords: 'scram-sha-256', new_enough: true }])
  await expect(query('SELECT 1', server?.url.replace(/:[^:@]+@/, ':wrong@'))).rejects.toThrow(/password authentication failed/)
})

test("Debezium's role may log in and nothing else", async () => {
  await start()
  const { user, password } = postgresCredentials(directory).debezium
  expect(await query(`SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = '${user}'`)).toEqual([
    { rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolreplication: false },
  ])
  const url = `postgres://${user}:${password}@127.0.0.1:${server?.port}/app`
  expect(await query('SELECT current_user AS who', url)).toEqual([{ who: user }])
})

test('what was committed is there after a SIGKILL, on the same port', async () => {
  const { port, pid } = await start()
  await query('CREATE TABLE kept (id integer); INSERT INTO kept VALUES (1)')
  process.kill(pid ?? 0, 'SIGKILL')
  await untilAnswering(1)
  expect(await query('SELECT id FROM kept')).toEqual([{ id: 1 }])
  expect(server?.port).toBe(port)
})

test('starts again although the id in postmaster.pid now belongs to another process of the same user', async () => {
  await start()
  await query('CREATE TABLE kept (id integer)')
  await server?.stop()
  const { dataDirectory, user } = postgresHome(directory, true)
  const other = spawn('sleep', ['60'], { ...user, cwd: '/', stdio: 'ignore' })
  const file = join(dataDirectory, 'postmaster.pid')
  writeFileSync(file, `${other.pid}\n${dataDirectory}\n`, { mode: 0o600 })
  if (user.uid !== undefined && user.gid !== undefined) chownSync(file, user.uid, user.gid)
  try {
    await start()
    expect(await query('SELECT count(*)::int AS rows FROM kept')).toEqual([{ rows: 0 }])
  } finally {
    other.kill()
  }
})

test('a folder that an interrupted creation left behind is made anew', async () => {
  const home = postgresHome(directory, true)
  mkdirSync(`${home.dataDirectory}.new`)
  writeFileSync(join(`${home.dataDirectory}.new`, 'PG_VERSION'), '17\n')
  await start()
  expect(await query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  expect(existsSync(`${home.dataDirectory}.new`)).toBe(false)
  expect(existsSync(`${home.dataDirectory}.password`)).toBe(false)
})

if (process.getuid?.() === 0) {
  test('a folder that the user named and the user postgres cannot enter is refused; the default one is replaced', () => {
    chmodSync(directory, 0o700)
    const data = join(directory, 'data')
    expect(() => postgresHome(data, true)).toThrow(`The data folder ${data} cannot be entered by the user postgres`)
    expect(postgresHome(data, false).dataDirectory).toMatch(/^\/var\/tmp\/aurora-cdc-s3-tables\/[0-9a-f]{12}\/data\/postgres$/)
  })
}
