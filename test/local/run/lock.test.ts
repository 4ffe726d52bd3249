import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { holdDataFolder } from '../../../local/run/lock.ts'

const directory = mkdtempSync(join(tmpdir(), 'lock-test-'))
afterAll(() => rmSync(directory, { recursive: true }))

const root = join(import.meta.dirname, '..', '..', '..')
const holder = `import { holdDataFolder } from './local/run/lock.ts'
await holdDataFolder(process.argv[1]); console.log('held'); setInterval(() => {}, 1000)`

async function startHolder(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', holder, directory], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((held, failed) => {
    child.stdout?.once('data', () => held())
    child.once('exit', (code) => failed(new Error(`the holder ended with ${code}`)))
  })
  return child
}

test('a folder that another process holds is refused by name of folder and process, and is free again once that one was killed', async () => {
  const child = await startHolder()
  const refused = await holdDataFolder(directory).catch((error: unknown) => error)
  expect(refused).toMatchObject({ name: 'DataFolderUnusable' })
  expect(String(refused)).toMatch(new RegExp(`${directory}.*process ${child.pid}.*--data DIR`))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  const held = await holdDataFolder(directory)
  held.release()
  const again = await holdDataFolder(directory)
  again.release()
}, 20_000)

test('a folder that the file system does not let be is refused, even where it says that something is missing (as /proc does)', () => {
  const tryIt = `import { holdDataFolder } from './local/run/lock.ts'
    await holdDataFolder('/proc/cdc/data').catch((error) => { console.log(String(error)) })`
  const { stdout, error } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', tryIt], {
    cwd: root,
    encoding: 'utf8',
    timeout: 20_000,
    killSignal: 'SIGKILL',
  })
  expect(error).toBeUndefined()
  expect(stdout).toMatch(/DataFolderUnusable: The data folder \/proc\/cdc\/data cannot be used .* --data DIR/)
}, 30_000)
