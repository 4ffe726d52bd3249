import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { DuckDBConnection } from '@duckdb/node-api'

/**
 * Kills this process with SIGKILL at its n-th effect: a change of a file or a statement of DuckDB. Of an odd one before it happens, of
 * an even one after. Zero: never.
 */
export function dieAtEffect(fatal: number): void {
  let effects = 0
  const counted = async <T>(effect: () => Promise<T>): Promise<T> => {
    effects += 1
    const mine = effects
    if (mine === fatal && mine % 2 === 1) process.kill(process.pid, 'SIGKILL')
    const result = await effect()
    if (mine === fatal) process.kill(process.pid, 'SIGKILL')
    return result
  }
  const { rename, writeFile, copyFile, rm } = promises
  promises.rename = (...args) => counted(() => rename(...args))
  promises.writeFile = (...args) => counted(() => writeFile(...args))
  promises.copyFile = (...args) => counted(() => copyFile(...args))
  promises.rm = (...args) => counted(() => rm(...args))
  syncBuiltinESMExports()
  const run = Object.getOwnPropertyDescriptor(DuckDBConnection.prototype, 'run')?.value
  Object.defineProperty(DuckDBConnection.prototype, 'run', {
    value(this: DuckDBConnection, ...args: unknown[]) {
      return counted(async () => Reflect.apply(run, this, args))
    },
  })
}
