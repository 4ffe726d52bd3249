import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A process, told apart from a later one that was given the same id. */
export interface ProcessIdentity {
  readonly pid: number
  /** Opaque; the same for as long as the process lives. */
  readonly startedAt: string
}

/** When the process with that id started, or undefined when there is none (or only a zombie). */
export function processStart(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux')
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
    // proc(5): the command's name (field 2) may hold spaces and parentheses, so fields are counted from the last ")"; state is field 3, starttime 22.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined // no such process: `ps` exits with 1, /proc has no such folder
  }
}

export function identify(pid: number): ProcessIdentity {
  return { pid, startedAt: processStart(pid) ?? '' }
}

export function isAlive(process: ProcessIdentity): boolean {
  return processStart(process.pid) === process.startedAt
}
