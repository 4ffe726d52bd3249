import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from 'pg'
import { postgresCredentials } from '../../../local/engines/credentials.ts'
import { portsFor } from '../../../local/engines/ports.ts'
import { startPostgres } from '../../../local/engines/postgres.ts'
import { postgresHome } from '../../../local/engines/postgres-user.ts'
import { connectSource } from '../../../local/source/connection.ts'

export interface TestSource {
  /** Administrator's. */
  readonly client: Client
  readonly url: string
  /** The role that Debezium would connect as: it may log in and nothing else. */
  readonly role: { readonly user: string; readonly url: string }
  stop(): Promise<void>
}

/** A PostgreSQL server of a test's own. */
export async function startTestSource(): Promise<TestSource> {
  const directory = mkdtempSync(join(tmpdir(), 'test-source-'))
  chmodSync(directory, 0o755)
  const port = await portsFor(join(directory, 'ports.json'), ['postgres'])
  const credentials = postgresCredentials(directory)
  const server = await startPostgres({
    home: postgresHome(directory, true),
    logFile: join(directory, 'postgres.log'),
    port: port('postgres'),
    credentials,
    database: 'app',
  })
  const client = await connectSource(server.url)
  const { user, password } = credentials.debezium
  return {
    client,
    url: server.url,
    role: { user, url: `postgres://${user}:${password}@127.0.0.1:${server.port}/app` },
    async stop() {
      await client.end()
      await server.stop()
      rmSync(directory, { recursive: true })
    },
  }
}
