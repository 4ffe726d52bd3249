// node duckdb-child.mjs install|load <extension directory> <name>…
// A process of its own: an INSTALL that hangs on a blocked network can only be killed.
import { DuckDBInstance } from '@duckdb/node-api'

const [action, directory, ...names] = process.argv.slice(2)
const instance = await DuckDBInstance.create(':memory:', { extension_directory: directory })
const connection = await instance.connect()
try {
  for (const name of names) {
    if (action === 'install') await connection.run(`INSTALL ${name}`)
    await connection.run(`LOAD ${name}`)
  }
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
