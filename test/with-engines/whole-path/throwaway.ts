import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { holdDataFolder } from '../../../local/run/lock.ts'

/** A new folder below the system's temporary one that the user postgres can enter. */
export function throwawayFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'whole-path-'))
  chmodSync(folder, 0o755)
  return folder
}

interface LivingProcess {
  readonly pid: number
  readonly command: string
}

/** The processes that name the folder in their command line or work in it (PostgreSQL's own children do only that). */
export function processesIn(folder: string): LivingProcess[] {
  const listed = execFileSync('ps', ['-ww', '-eo', 'pid=,stat=,args='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  return listed.split('\n').flatMap((line) => {
    const [, id, state = '', command = ''] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
    const pid = Number(id)
    if (!id || pid === process.pid || state.startsWith('Z')) return []
    return command.includes(folder) || workingDirectory(pid).startsWith(folder) ? [{ pid, command }] : []
  })
}

/** Empty where the system does not tell, or the process has just ended. */
function workingDirectory(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}

const portsFile = z.record(z.string(), z.number())

/** What a run in that folder left behind, each a line: processes, open ports, a held lock, the file that says that it runs. */
export async function leftBehind(folder: string): Promise<string[]> {
  const left = processesIn(folder).map(({ pid, command }) => `process ${pid}: ${command}`)
  const ports = join(folder, 'ports.json')
  if (existsSync(ports)) {
    for (const [name, port] of Object.entries(portsFile.parse(JSON.parse(readFileSync(ports, 'utf8'))))) {
      if (await isOpen(port)) left.push(`port ${port} of ${name}`)
    }
  }
  try {
    ;(await holdDataFolder(folder)).release()
  } catch {
    left.push('the lock')
  }
  return left
}

/** The same, once nothing is left or the time is over. */
export async function leftBehindAfter(folder: string, patienceMs: number): Promise<string[]> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const left = await leftBehind(folder)
    if (left.length === 0 || performance.now() > deadline) return left
    await sleep(250)
  }
}

/** Removes the folder and ends whatever a failed test left running in it. */
export function throwAway(folder: string): void {
  for (const { pid } of processesIn(folder)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended meanwhile.
    }
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
}

/** Every file below a folder; none where there is no folder. */
export function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    const answer = (open: boolean) => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', () => answer(true)).once('error', () => answer(false))
  })
}
