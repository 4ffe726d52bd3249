import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { checkoutDirectory } from '../../../local/engines/paths.ts'
import { portsFor } from '../../../local/engines/ports.ts'
import { type RunningPostgres, startPostgres } from '../../../local/engines/postgres.ts'
import { type PostgresHome, postgresHome } from '../../../local/engines/postgres-user.ts'
import { type Supervised, supervise } from '../../../local/engines/supervisor.ts'
import { deliveryStatus } from '../../../local/run/delivery.ts'
import { type RunState, readRun } from '../../../local/run/state.ts'
import { type RunningCommand, runCommand, startCommand } from './command.ts'
import { eventually } from './started-run.ts'
import { leftBehind, leftBehindAfter, throwAway, throwawayFolder } from './throwaway.ts'

const serverFolder = throwawayFolder()
const dataDirectory = throwawayFolder()
const emptyDirectory = throwawayFolder()
const declaration = readFileSync(join(checkoutDirectory, 'tables.json'), 'utf8')
const running: RunningCommand[] = []
let home: PostgresHome
let server: RunningPostgres
/** The same cluster, started without logical replication. */
let plainServer: Supervised | undefined
let administrator: Client

const password = (role: string) => `${role}-p4ssword`
const url = (role: string, secret = password(role)) => `postgres://${role}${secret && `:${secret}`}@127.0.0.1:${server.port}/erp`
const source = () => ['--source', url('owner'), '--tables', 'public.*,sales.orders']

/** An ordinary owner of tables, and what can be wrong with others. */
const roles = `
  CREATE ROLE owner LOGIN REPLICATION PASSWORD '${password('owner')}';
  CREATE ROLE unable LOGIN PASSWORD '${password('unable')}';
  GRANT CREATE ON DATABASE erp TO owner;
  GRANT USAGE, CREATE ON SCHEMA public TO owner;
  CREATE SCHEMA sales AUTHORIZATION owner;
  GRANT USAGE ON SCHEMA sales TO unable`

const tables = `
  CREATE TYPE public.mood AS ENUM ('calm', 'in a hurry');
  CREATE DOMAIN public.share AS numeric(5,4) CHECK (VALUE BETWEEN 0 AND 1);
  CREATE TABLE public.everything (
    id bigint PRIMARY KEY, small smallint NOT NULL DEFAULT 7, exact numeric(20,6), any_numeric numeric, single real, double double precision, yes boolean,
    short varchar(20), long text, padded char(5), raw bytea, token uuid, doc json, doc_b jsonb, day date, at_time time, at_moment timestamp(3),
    at_instant timestamptz, span interval, address inet, numbers integer[], words text[], feeling public.mood, part public.share);
  CREATE TABLE public."Mixed Case" ("Id" integer PRIMARY KEY, "The Name" text, "größe" integer);
  CREATE TABLE public.appended (at timestamptz DEFAULT now(), line text);
  ALTER TABLE public.appended REPLICA IDENTITY NOTHING;
  CREATE TABLE public.measured (sensor integer, day date, celsius numeric(5,2), fahrenheit numeric GENERATED ALWAYS AS (celsius * 9 / 5 + 32) STORED,
    PRIMARY KEY (sensor, day)) PARTITION BY RANGE (day);
  CREATE TABLE public.measured_early PARTITION OF public.measured FOR VALUES FROM ('2020-01-01') TO ('2025-01-01');
  CREATE TABLE public.measured_late PARTITION OF public.measured DEFAULT;
  CREATE VIEW public.overview AS SELECT id FROM public.everything;
  CREATE TABLE sales.orders (order_no uuid PRIMARY KEY, total numeric(12,2) NOT NULL);
  CREATE TABLE sales.not_asked_for (id integer PRIMARY KEY)`

const everything = (id: bigint) => `
  INSERT INTO public.everything VALUES (${id}, -1, 12345678901234.567891, 0.1000, 1.5, 2.25, true, 'a ''quoted'' "word"', repeat('long ', 20), 'abc',
    '\\xdeadbeef', 'f47ac10b-58cc-4372-a567-0e02b2c3d479', '{"a": 1.10}', '{"b": [1, null]}', '2024-02-29', '23:59:59.999999', '2024-02-29 12:00:00.123',
    '2024-02-29 12:00:00.123456+02', '1 year 2 mons -3 days', '10.0.0.1/8', '{1,NULL,3}', '{"a","b c",NULL}', 'in a hurry', 0.25);
  INSERT INTO public.everything (id) VALUES (${id + 1n})`

const rows = `${everything(1n)};
  INSERT INTO public."Mixed Case" VALUES (1, 'Ä', 3);
  INSERT INTO public.appended VALUES ('2024-01-01', 'first');
  INSERT INTO public.measured VALUES (1, '2024-06-01', 20.5), (1, '2025-06-01', 21.5);
  INSERT INTO sales.orders VALUES ('f47ac10b-58cc-4372-a567-0e02b2c3d479', 12.50)`

const changes = `${everything(9_007_199_254_740_993n)};
  UPDATE public.everything SET exact = -0.000001, feeling = 'calm', numbers = NULL WHERE id = 2;
  UPDATE public."Mixed Case" SET "Id" = 2, "The Name" = NULL;
  INSERT INTO public.appended (line) VALUES ('second'), ('second');
  UPDATE public.measured SET day = '2023-01-01' WHERE day = '2025-06-01';
  DELETE FROM public.measured WHERE day = '2024-06-01';
  INSERT INTO sales.orders VALUES (gen_random_uuid(), 1), (gen_random_uuid(), 2);
  DELETE FROM sales.orders WHERE total = 12.50`

beforeAll(async () => {
  home = postgresHome(serverFolder, true)
  server = await startPostgres({
    home,
    credentials: {
      administrator: { user: 'postgres', password: password('postgres') },
      debezium: { user: 'unused', password: password('unused') },
    },
    database: 'erp',
    port: (await portsFor(join(serverFolder, 'ports.json'), ['postgres']))('postgres'),
    logFile: join(serverFolder, 'postgres.log'),
  })
  administrator = await connect(server.url)
  await administrator.query(roles)
  await asOwner(tables)
  await asOwner(rows)
}, 300_000)

afterAll(async () => {
  try {
    for (const command of running) command.signal('SIGTERM')
    await Promise.all(running.map(({ ended }) => ended))
    await Promise.all(clients.map((client) => client.end()))
    await server?.stop()
    await plainServer?.stop()
  } finally {
    for (const folder of [dataDirectory, emptyDirectory, serverFolder]) throwAway(folder)
  }
}, 60_000)

const clients: Client[] = []

async function connect(connectionString: string, application = 'test'): Promise<Client> {
  const client = new Client({ connectionString, application_name: application })
  // The server is stopped before the last of them ends.
  client.on('error', () => {})
  clients.push(client)
  await client.connect()
  return client
}

async function asOwner(sql: string): Promise<void> {
  const client = await connect(url('owner'))
  await client.query(sql)
  await client.end()
}

/** Whether some of the last rows are delivered, and others are not. */
async function areBeingDelivered({ deliveryUri }: RunState): Promise<boolean> {
  const { partitions } = await deliveryStatus(deliveryUri)
  return partitions.some(({ deliveredOffset, endOffset }) => Number(deliveredOffset) > 1000 && deliveredOffset !== endOffset)
}

/** What of the pipeline's is at the source. */
async function ofThePipeline(): Promise<string[]> {
  const { rows: found } = await administrator.query<{ what: string }>(`
    SELECT 'schema ' || nspname AS what FROM pg_namespace WHERE nspname = 'cdc'
    UNION ALL SELECT 'publication ' || pubname FROM pg_publication
    UNION ALL SELECT 'slot ' || slot_name FROM pg_replication_slots ORDER BY 1`)
  return found.map(({ what }) => what)
}

describe('what keeps a source from being captured is said in words, before anything is created there', () => {
  const start = (role: string, patterns: string, secret?: string) =>
    runCommand(['start', '--once', '--data', emptyDirectory, '--source', url(role, secret), '--tables', patterns])

  it.each([
    [
      'a wrong password',
      () => start('owner', 'public.*', 'wr0ng'),
      /^SourceUnreachable: .+ password authentication failed for user "owner"\. Check user and password/,
    ],
    [
      'a table that does not exist',
      () => start('owner', 'public.nope,sales.orders'),
      /^InvalidUsage: No table of the source is named by:\n {2}public\.nope\n$/,
    ],
    ['a name in another case', () => start('owner', 'public.Mixed*'), /^InvalidUsage: No table .+\n {2}public\.Mixed\*/],
    [
      'missing rights',
      () => start('unable', 'sales.orders'),
      /^SourceNotReady: [^]+unable may not replicate[^]+ALTER ROLE "unable" REPLICATION[^]+GRANT CREATE ON DATABASE "erp" TO "unable"[^]+sales\.orders belongs to another role/,
    ],
  ])(
    '%s',
    async (_, run, sentence) => {
      const { code, output, errors } = await run()
      expect({ code, errors }).toEqual({ code: 2, errors: expect.stringMatching(sentence) })
      expect(errors).not.toMatch(/p4ssword|wr0ng|\n {4}at /)
      expect(output).not.toContain('Kafka')
      expect(await ofThePipeline()).toEqual([])
      expect(await leftBehind(emptyDirectory)).toEqual([])
    },
    60_000,
  )
})

test('a database of one’s own is captured after what is created there was announced', async () => {
  // Whoever holds this lock keeps the publication from being created.
  await administrator.query('BEGIN; LOCK TABLE sales.orders IN SHARE UPDATE EXCLUSIVE MODE')
  const command = startCommand(['start', '--data', dataDirectory, ...source()])
  running.push(command)
  await command.wrote(/ {2}let the connector create the replication slot debezium_slot\n/)
  expect(command.output).toContain('  create the schema cdc with the tables debezium_signal, canary, snapshots and vanished_keys\n')
  expect(command.output).toContain('  create the publication dbz_publication of 7 tables\n')
  // Whoever has written something and not yet committed keeps the slot from being created.
  const other = await connect(url('owner'), 'nightly report')
  await other.query('BEGIN; INSERT INTO sales.not_asked_for VALUES (1)')
  await administrator.query('COMMIT')
  await command.wrote(
    /PostgreSQL creates the replication slot .+ it waits for the session \d+ \(owner, nightly report, since .+ UTC\)\. Commit there/,
  )
  await other.query('COMMIT')
  await other.end()
  expect(command.output).toMatch(/public\.overview is left out: a view/)
  await command.wrote(/Streaming\./)
  expect(command.output).not.toContain('p4ssword')
  expect(command.output).toMatch(/PostgreSQL {7}psql postgres:/)

  await asOwner(changes)
  const { code, output } = await runCommand(['verify', '--data', dataDirectory])
  expect(output.split('\n').filter((line) => line.startsWith('✓'))).toEqual([
    '✓ public.Mixed Case → mixed_case: 1 rows, 1 in Iceberg: equal',
    '✓ public.appended → appended: 3 rows, 3 in Iceberg: equal',
    '✓ public.everything → everything: 4 rows, 4 in Iceberg: equal',
    '✓ public.measured → measured: 1 rows, 1 in Iceberg: equal',
    '✓ sales.orders → sales_orders: 2 rows, 2 in Iceberg: equal',
    '✓ cdc.canary → cdc_canary: 1 rows, 1 in Iceberg: equal',
  ])
  expect(code).toBe(0)
  expect(await ofThePipeline()).toEqual(['publication dbz_publication', 'schema cdc', 'slot debezium_slot'])

  const meanwhile = await runCommand(['start', '--data', dataDirectory, '--source', url('owner'), '--detach'])
  expect(meanwhile).toMatchObject({
    code: 2,
    errors: expect.stringMatching(/^DataFolderUnusable: A run still uses .+: stop it with Ctrl-C first\.\n$/),
  })
  await administrator.query('INSERT INTO sales.orders SELECT gen_random_uuid(), n FROM generate_series(1, 30000) n')
  const run = readRun(dataDirectory)
  if (!run) throw new Error('nothing runs')
  await eventually(async () => ((await areBeingDelivered(run)) ? true : undefined), 60_000, 'rows that are being delivered')
  process.kill(run.process.pid, 'SIGKILL')
  expect(await command.ended).toBe(137)
  expect(await leftBehindAfter(dataDirectory, 15_000)).toEqual([])
}, 240_000)

test('the run after one that was killed while it delivered creates nothing, and ends when the tables are equal', async () => {
  await administrator.query('UPDATE sales.orders SET total = total + 1 WHERE total < 10000')
  const [, , , patterns = ''] = source()
  const passwordless = ['--source', url('owner', ''), '--tables', patterns]
  const environment = { PGPASSWORD: password('owner') }
  const { code, output, errors } = await runCommand(['start', '--once', '--data', dataDirectory, ...passwordless], environment)
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  expect(output).not.toMatch(/create the/)
  expect(output).toContain('✓ sales.orders → sales_orders: 30002 rows, 30002 in Iceberg: equal')
  expect(await leftBehind(dataDirectory)).toEqual([])
}, 300_000)

test('the folder is not used for another source', async () => {
  const { code, errors } = await runCommand(['start', '--once', '--data', dataDirectory])
  expect({ code, errors }).toEqual({
    code: 2,
    errors: expect.stringMatching(/^DataFolderUnusable: .+ holds the tables of 127\.0\.0\.1:\d+\/erp, not of the samples: .+\n$/),
  })
}, 60_000)

test('detaching removes all that was created, detaching again nothing; the committed declaration was never touched', async () => {
  const detach = () => runCommand(['start', '--data', dataDirectory, '--source', url('owner'), '--detach'])
  const first = await detach()
  expect(first).toMatchObject({ code: 0, errors: '' })
  expect(first.output).toMatch(
    /Removed from 127\.0\.0\.1:\d+\/erp: the replication slot debezium_slot, the publication dbz_publication, the schema cdc\.\n$/,
  )
  expect(await ofThePipeline()).toEqual([])
  expect(await detach()).toEqual({ code: 0, errors: '', output: expect.stringMatching(/^There is nothing of ours at /) })
  const { rows: identities } = await administrator.query(
    "SELECT relname FROM pg_class WHERE relreplident NOT IN ('d') AND relname = 'orders'",
  )
  expect(identities).toEqual([])
  expect(readFileSync(join(checkoutDirectory, 'tables.json'), 'utf8')).toBe(declaration)
  expect(existsSync(join(dataDirectory, 'tables.json'))).toBe(true)
}, 60_000)

test('without logical replication: what to set, and nothing is created', async () => {
  await administrator.end()
  await server.stop()
  const { software, dataDirectory: cluster, user } = home
  const settings = [`port=${server.port}`, 'wal_level=replica', 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off']
  plainServer = await supervise({
    name: 'PostgreSQL',
    command: join(software, 'bin', 'postgres'),
    args: ['-D', cluster, ...settings.flatMap((setting) => ['-c', setting])],
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    ...user,
    guard: true,
    stopSignal: 'SIGINT',
    logFile: join(serverFolder, 'postgres.log'),
    ready: async ({ line }) => void (await line(/database system is ready to accept connections/)),
  })
  administrator = await connect(server.url)
  const { code, errors } = await runCommand(['start', '--once', '--data', emptyDirectory, ...source()])
  expect({ code, errors }).toEqual({
    code: 2,
    errors: expect.stringMatching(
      /^SourceNotReady: .+\n {2}- wal_level is replica, not logical\n {4}ALTER SYSTEM SET wal_level = logical; then restart PostgreSQL\n$/,
    ),
  })
  expect(await ofThePipeline()).toEqual([])
}, 60_000)
