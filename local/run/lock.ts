import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { PipelineError } from '../../pipeline/errors.ts'
import { refuseForeign } from './data-folder.ts'

/**
 * Takes a data folder for this process until it is released or the process ends, however it ends: the lock is the operating system's, on a
 * DuckDB file, so that none is left behind by a killed process.
 * @throws DataFolderUnusable when another process holds the folder, it is somebody else's, or it cannot be written.
 */
export async function holdDataFolder(directory: string): Promise<{ release(): void }> {
  try {
    refuseForeign(directory)
    makeFolder(directory)
    const held = await DuckDBInstance.create(join(directory, 'lock.duckdb'))
    return { release: () => held.closeSync() }
  } catch (cause) {
    if (cause instanceof PipelineError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    const holder = /Conflicting lock is held in .*\(PID (\d+)\)/.exec(reason)?.[1]
    throw new PipelineError(
      'DataFolderUnusable',
      holder
        ? `The data folder ${directory} is in use by another run (process ${holder}): stop that one with Ctrl-C, or give this one a folder of its own with --data DIR.`
        : `The data folder ${directory} cannot be used (${reason.split('\n')[0]}): give one that you may write with --data DIR.`,
      { cause },
    )
  }
}

/** Node's own recursive `mkdir` never ends where the file system says that something is missing although its parent is there, as /proc does. */
function makeFolder(directory: string): void {
  if (existsSync(directory)) return
  if (dirname(directory) !== directory) makeFolder(dirname(directory))
  mkdirSync(directory)
}
