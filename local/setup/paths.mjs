import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Everything that is prepared, and where: all of it is ignored by git. */
export function pathsOf(root) {
  const engines = join(root, '.engines')
  return {
    root,
    engines,
    modules: join(root, 'node_modules'),
    lock: join(engines, 'preparation.lock'),
    /** Which sources the folders below `engines` were built from. */
    built: join(engines, 'built'),
    /** What Maven fills; finished folders are moved from here to their places. */
    staging: join(engines, 'staging'),
    duckdb: join(engines, 'duckdb'),
    cfnLint: join(engines, 'cfn-lint'),
  }
}

export const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
