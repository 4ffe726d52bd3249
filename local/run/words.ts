import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import type { DataPaths } from './data-folder.ts'
import { defaultDataDirectory, type RunState } from './state.ts'

/** How to look at a run that streams: addresses and commands that can be copied. */
export function howToGoOn(state: RunState, paths: DataPaths): string {
  const withoutPassword = new URL(state.postgresUrl)
  withoutPassword.password = ''
  const data = paths.directory === defaultDataDirectory ? '' : ` --data ${paths.directory}`
  // Written for the embedded PostgreSQL only.
  const passwordFile = existsSync(paths.pgpass) ? `PGPASSFILE=${relative('.', paths.pgpass)} ` : ''
  return `
Streaming. Change a row, and query it a second later:

  PostgreSQL       ${passwordFile}psql ${withoutPassword.href}
  query            npm run sql --${data} "SELECT * FROM …"
  compare          npm run verify${data === '' ? '' : ` --${data}`}
  state machine    npm run provision -- --local${data}
  Iceberg catalog  ${state.catalogUri}  (REST, no authentication: any Iceberg client; namespace ${state.namespace})
  failed records   ${relative('.', state.failedRecords)}
  logs             ${relative('.', paths.logs)}

Ctrl-C stops everything; npm start goes on where it was.`
}
