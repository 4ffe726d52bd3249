import type { Client } from 'pg'
import { replicationSlot } from '../../pipeline/names.ts'
import type { RunningPostgres } from '../engines/postgres.ts'
import { connectSource, parseSourceUrl } from '../source/connection.ts'

/** The database that is captured: the embedded one with the samples, or the user's own. */
export interface Source {
  /** Of whoever prepares it, password included. */
  readonly url: string
  /** Where Debezium connects. */
  readonly database: { readonly hostname: string; readonly port: number; readonly name: string; readonly sslmode: SslMode }
  /** What Debezium connects as; goes into the secret. */
  readonly role: { readonly username: string; readonly password: string }
  /** The role where it is another than the one that prepares the source, and is given its rights by it. */
  readonly grantedRole: string | undefined
}

const sslModes = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
type SslMode = (typeof sslModes)[number]

export function embeddedSource(postgres: RunningPostgres, debezium: { user: string; password: string }): Source {
  return {
    url: postgres.url,
    database: { hostname: '127.0.0.1', port: postgres.port, name: postgres.database, sslmode: 'disable' },
    role: { username: debezium.user, password: debezium.password },
    grantedRole: debezium.user,
  }
}

/**
 * The user's own database. Debezium connects as the user of the URL.
 * @param client connected to it: knows a password that came from `PGPASSWORD` or `~/.pgpass`
 */
export function ownSource(url: string, client: Client): Source {
  const { hostname, port, pathname, searchParams } = parseSourceUrl(url)
  const wanted = searchParams.get('sslmode')
  return {
    url,
    database: {
      hostname: hostname || 'localhost',
      port: Number(port || 5432),
      name: decodeURIComponent(pathname.slice(1)),
      sslmode: sslModes.find((mode) => mode === wanted) ?? 'prefer',
    },
    role: { username: client.user ?? '', password: client.password ?? '' },
    grantedRole: undefined,
  }
}

/** Runs something on a connection of its own. */
export async function withSource<T>(source: Pick<Source, 'url'>, run: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectSource(source.url)
  try {
    return await run(client)
  } finally {
    await client.end()
  }
}

/** Whether something reads the replication slot: it does once the initial snapshot has ended. */
export async function isSlotActive(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ active: string }>('SELECT active::text FROM pg_replication_slots WHERE slot_name = $1', [
    replicationSlot,
  ])
  return rows[0]?.active === 'true'
}
