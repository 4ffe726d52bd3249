import { setTimeout as sleep } from 'node:timers/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import { quoteIdentifier } from '../iceberg/iceberg-type.ts'
import type { Fault, Injected } from './fault.ts'
import type { FaultyRun } from './faulty-run.ts'
import type { Random } from './random.ts'

/** No writer's. */
const foreignKey = -1
const commits = 8
const attempts = 100

/** Someone else's commits to a table that the delivery commits to: a row that comes and goes. */
async function commitBeside({ lake, namespace, run }: FaultyRun, random: Random): Promise<void> {
  const accounts = run.declared.find(({ schema, name }) => schema === 'app' && name === 'accounts')
  const table = `${namespace}.${quoteIdentifier(accounts?.iceberg ?? '')}`
  const connection = await lake.connect()
  try {
    for (let commit = 0; commit < commits; commit += 1) {
      await insistently(connection, `INSERT INTO ${table} (id, owner) VALUES (${foreignKey}, 'somebody else')`)
      await sleep(random.between(0, 300))
      await insistently(connection, `DELETE FROM ${table} WHERE id = ${foreignKey}`)
    }
  } finally {
    connection.closeSync()
  }
}

/** Whoever commits first wins; the other tries again. */
async function insistently(connection: DuckDBConnection, sql: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await connection.run(sql)
      return
    } catch (error) {
      if (attempt === attempts || !/conflict|409|requirement|branch main has changed/i.test(String(error))) throw error
      await sleep(20)
    }
  }
}

/** Columns that no declaration has: what is written to them is left out. */
async function changeColumns(faulty: FaultyRun, random: Random): Promise<void> {
  const name = `extra_${random.below(2 ** 32)}`
  const statements = [
    `ALTER TABLE app.accounts ADD COLUMN ${name} text DEFAULT 'added'`,
    `UPDATE app.accounts SET ${name} = 'changed'`,
    `ALTER TABLE app.accounts ALTER COLUMN ${name} TYPE varchar(80)`,
    `ALTER TABLE app.accounts RENAME COLUMN ${name} TO ${name}_renamed`,
    `ALTER TABLE app.accounts DROP COLUMN ${name}_renamed`,
  ]
  for (const statement of statements) {
    await faulty.atSource((client) => client.query(statement))
    await sleep(random.between(0, 800))
  }
}

/** An empty partition beside the others, which gets rows at once, some of them from another partition. */
async function attachPartition(faulty: FaultyRun, random: Random): Promise<void> {
  const year = await faulty.atSource(async (client) => {
    const { rows } = await client.query<{ count: string }>(
      "SELECT count(*)::text AS count FROM pg_inherits WHERE inhparent = 'app.measured'::regclass",
    )
    return 2024 + Number(rows[0]?.count)
  })
  const name = `app.measured_${year}`
  await faulty.atSource(async (client) => {
    await client.query(`CREATE TABLE ${name} (LIKE app.measured INCLUDING DEFAULTS)`)
    await client.query(`ALTER TABLE app.measured ATTACH PARTITION ${name} FOR VALUES FROM ('${year}-01-01') TO ('${year + 1}-01-01')`)
    await client.query(
      `INSERT INTO app.measured SELECT n, '${year}-05-05', n / 8.0 FROM generate_series(1, $1::integer) n ON CONFLICT DO NOTHING`,
      [random.between(10, 400)],
    )
    await client.query(`UPDATE app.measured SET day = '${year}-06-06' WHERE day = '2024-01-15'`)
  })
}

/** All rows at once, which Iceberg keeps until they are read again: the change event fails by name, and the repair is that of the runbook. */
async function truncate(faulty: FaultyRun, random: Random): Promise<Injected> {
  await faulty.atSource((client) => client.query('TRUNCATE app.lines'))
  await sleep(random.between(0, 2000))
  await succeed(faulty, { resync: ['app.lines'] })
  return { failed: { TruncateRefused: 1 } }
}

/** @throws Error that names how the execution failed */
export async function succeed(faulty: FaultyRun, input: object): Promise<void> {
  const { status, error, cause } = await faulty.execute(input)
  if (status !== 'SUCCEEDED') throw new Error(`the execution with ${JSON.stringify(input)} ended ${status}: ${error ?? ''} ${cause ?? ''}`)
}

export const tableFaults: readonly Fault[] = [
  {
    name: 'foreign-commits',
    what: 'somebody else commits to the Iceberg table that the delivery commits to',
    injections: 2,
    failures: 'none',
    inject: commitBeside,
  },
  {
    name: 'columns-changed',
    what: 'undeclared columns are added, changed, renamed and dropped',
    injections: 2,
    failures: 'none',
    inject: changeColumns,
  },
  {
    name: 'table-truncated',
    what: 'a table is truncated, which fails by name, and re-synced',
    injections: 1,
    failures: 'counted',
    inject: truncate,
  },
  { name: 'partition-attached', what: 'a partition is attached and filled', injections: 2, failures: 'none', inject: attachPartition },
]
