import type { Client } from 'pg'
import type { PostgresCredentials } from '../engines/credentials.ts'
import { connectSource, parseSourceUrl } from '../source/connection.ts'

/** The database that is captured: the embedded one with the samples, or the user's own. */
export interface Source {
  /** Of whoever prepares it, password included. */
  readonly url: string
  /** Where Debezium connects. */
  readonly database: { readonly hostname: string; readonly port: number; readonly name: string; readonly sslmode: SslMode }
  /** What the two secrets of the deployment hold: who prepares the source, and what Debezium connects as. */
  readonly preparation: Login
  readonly debezium: Login
}

export interface Login {
  readonly username: string
  readonly password: string
}

const sslModes = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
type SslMode = (typeof sslModes)[number]

/** The embedded PostgreSQL with the samples, whether it runs already or not. */
export function embeddedSource({ administrator, debezium }: PostgresCredentials, port: number, database: string): Source {
  return {
    url: `postgres://${administrator.user}:${administrator.password}@127.0.0.1:${port}/${database}`,
    database: { hostname: '127.0.0.1', port, name: database, sslmode: 'disable' },
    preparation: { username: administrator.user, password: administrator.password },
    debezium: { username: debezium.user, password: debezium.password },
  }
}

/**
 * The user's own database. The user of the URL prepares it, and is who Debezium connects as.
 * @param client connected to it: knows a password that came from `PGPASSWORD` or `~/.pgpass`
 */
export function ownSource(url: string, client: Client): Source {
  const { hostname, port, pathname, searchParams } = parseSourceUrl(url)
  const wanted = searchParams.get('sslmode')
  const login = { username: client.user ?? '', password: client.password ?? '' }
  return {
    url,
    database: {
      hostname: hostname || 'localhost',
      port: Number(port || 5432),
      name: decodeURIComponent(pathname.slice(1)),
      sslmode: sslModes.find((mode) => mode === wanted) ?? 'prefer',
    },
    preparation: login,
    debezium: login,
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
