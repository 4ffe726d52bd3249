import { withLock } from './lock.mjs'
import { cfnLintBytes, cfnLintIsFresh, prepareCfnLint } from './parts/cfn-lint.mjs'
import { extensionsAreFresh, extensionsBytes, prepareExtensions } from './parts/duckdb.mjs'
import { enginesAreFresh, enginesBytes, prepareEngines } from './parts/engines.mjs'
import { packagesAreFresh, packagesBytes, preparePackages } from './parts/packages.mjs'
import { checkDisk, checkJava, checkMaven } from './prerequisites.mjs'
import { stage } from './progress.mjs'

/** Room for what a run writes: database, log, topics, tables. */
const runBytes = 500 * 1024 * 1024

const parts = [
  { title: 'npm packages', isFresh: packagesAreFresh, prepare: preparePackages, bytes: packagesBytes, isNeeded: () => true },
  {
    title: 'Java engines by Maven',
    isFresh: enginesAreFresh,
    prepare: prepareEngines,
    bytes: enginesBytes,
    isNeeded: ({ engines, plugin }) => engines || plugin,
    maven: true,
  },
  {
    title: 'DuckDB extensions',
    isFresh: extensionsAreFresh,
    prepare: prepareExtensions,
    bytes: extensionsBytes,
    isNeeded: ({ engines }) => engines,
  },
  { title: 'cfn-lint', isFresh: cfnLintIsFresh, prepare: prepareCfnLint, bytes: cfnLintBytes, isNeeded: ({ cfnLint }) => cfnLint },
]

/**
 * Everything a command needs: refuses before it starts, prepares only what is stale, else touches nothing.
 * `needs` is `{ engines, plugin, maven, cfnLint }`: to run the engines, to have MSK Connect's plugin, to run Maven in any case, to lint templates.
 */
export async function prepare(paths, needs) {
  const stale = () => parts.filter((part) => part.isNeeded(needs) && !part.isFresh(paths))
  let todo = stale()
  const builds = needs.maven || todo.some((part) => part.maven)
  await Promise.all([(needs.engines || builds) && checkJava(), builds && checkMaven()])
  const bytes = todo.reduce((sum, part) => sum + part.bytes, 0) + (needs.engines ? runBytes : 0)
  checkDisk(paths.root, bytes)
  if (todo.length === 0) return

  await withLock(
    paths.lock,
    async () => {
      // What the other command prepared meanwhile is done.
      todo = stale()
      for (const part of todo) await stage(part.title, () => part.prepare(paths))
    },
    { onWait: sayWhoPrepares },
  )
}

function sayWhoPrepares(pid) {
  process.stderr.write(`Another command (process ${pid}) is preparing this checkout; waiting for it.\n`)
}
