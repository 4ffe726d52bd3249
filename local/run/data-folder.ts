import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { PipelineError } from '../../pipeline/errors.ts'

/** The layout of a data folder: everything that a run keeps. */
export function dataPaths(directory: string) {
  return {
    directory,
    origin: join(directory, 'origin.json'),
    ports: join(directory, 'ports.json'),
    kafka: join(directory, 'kafka'),
    connect: join(directory, 'connect'),
    warehouse: join(directory, 'warehouse'),
    buckets: join(directory, 'buckets'),
    delivery: join(directory, 'delivery'),
    cdkOut: join(directory, 'cdk.out'),
    /** What is synthesized: the deployment file with the captured database in Aurora's place. */
    deployment: join(directory, 'deployment.json'),
    aws: join(directory, 'aws'),
    logs: join(directory, 'logs'),
    tables: join(directory, 'tables.json'),
    /** PostgreSQL's password file for the samples' administrator, so that no password has to be shown. */
    pgpass: join(directory, 'pgpass'),
  }
}

export type DataPaths = ReturnType<typeof dataPaths>

/** What the tables of a data folder are copies of. A folder is never used for two sources: offsets, rows and slot belong together. */
export interface Origin {
  /** `samples`, or `host:port/database` of the user's own. */
  readonly source: string
}

const originFile = z.object({ source: z.string() })

/**
 * Makes the folder one for this source.
 * @throws DataFolderUnusable when it holds another source's data, or something else than a run's data.
 */
export function claimDataFolder(paths: DataPaths, origin: Origin): void {
  const known = readOrigin(paths)
  if (known && known.source !== origin.source && holdsData(paths)) {
    throw new PipelineError(
      'DataFolderUnusable',
      `The data folder ${paths.directory} holds the tables of ${sourceWords(known)}, not of ${sourceWords(origin)}: ` +
        'give this run a folder of its own with --data DIR, or start over with --reset.',
    )
  }
  if (!known) refuseForeign(paths.directory)
  mkdirSync(paths.logs, { recursive: true })
  writeFileSync(paths.origin, `${JSON.stringify(origin)}\n`)
}

/**
 * Empties a data folder; the folder itself stays, since it is locked.
 * @throws DataFolderUnusable when it is not a run's: nothing of anybody else's is deleted.
 */
export function resetDataFolder(paths: DataPaths, postgresDataDirectory: string | undefined): void {
  if (!readOrigin(paths)) refuseForeign(paths.directory)
  const origin = basename(paths.origin)
  for (const name of entries(paths.directory)) if (name !== origin) rmSync(join(paths.directory, name), { recursive: true, force: true })
  if (postgresDataDirectory !== undefined) rmSync(postgresDataDirectory, { recursive: true, force: true })
  // Last: a folder that is half emptied is still a run's.
  rmSync(paths.origin, { force: true })
}

/** Undefined: no run has used the folder yet. */
export function readOrigin(paths: DataPaths): Origin | undefined {
  return existsSync(paths.origin) ? originFile.parse(JSON.parse(readFileSync(paths.origin, 'utf8'))) : undefined
}

/**
 * Refuses a folder with something in it that no run has put there; changes nothing.
 * @throws DataFolderUnusable
 */
export function refuseForeign(directory: string): void {
  if (!existsSync(directory) || existsSync(dataPaths(directory).origin)) return
  const found = entries(directory)[0]
  if (found === undefined) return
  throw new PipelineError(
    'DataFolderUnusable',
    `The folder ${directory} holds "${found}" and is not the data folder of a run: give an empty or a new one with --data DIR.`,
  )
}

/** A run that failed before its engines were started leaves nothing that belongs to its source. */
const holdsData = ({ tables, kafka, connect, warehouse }: DataPaths) => [tables, kafka, connect, warehouse].some((path) => existsSync(path))

const entries = (directory: string) => readdirSync(directory).filter((name) => !name.startsWith('lock.duckdb'))
const sourceWords = ({ source }: Origin) => (source === 'samples' ? 'the samples' : source)
