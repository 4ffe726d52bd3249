import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { checkoutDirectory } from '../../../local/engines/paths.ts'

/** A command of the repository, run as a user runs it, but not on a terminal. */
export interface RunningCommand {
  /** Everything that it wrote so far. */
  readonly output: string
  readonly errors: string
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  /** Resolves when it wrote this; rejects when it ended before. */
  wrote(pattern: RegExp): Promise<RegExpMatchArray>
  /** As Ctrl-C sends SIGINT, to the process that the user started. */
  signal(name: NodeJS.Signals): void
}

/** `node local/run.mjs <arguments>` */
export function startCommand(args: readonly string[], environment: NodeJS.ProcessEnv = {}): RunningCommand {
  const { FORCE_COLOR: _, ...inherited } = process.env
  const child = spawn(process.execPath, [join('local', 'run.mjs'), ...args], {
    cwd: checkoutDirectory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited, ...environment },
  })
  let output = ''
  let errors = ''
  const watching = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    for (const look of watching) look()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'))
  })
  return {
    ended,
    get output() {
      return output
    },
    get errors() {
      return errors
    },
    wrote(pattern) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(output)
          if (!match) return
          watching.delete(look)
          resolve(match)
        }
        watching.add(look)
        look()
        void ended.then((how) => reject(new Error(`it ended (${how}) without writing ${pattern}:\n${output}\n${errors}`)))
      })
    },
    signal(name) {
      child.kill(name)
    },
  }
}

/** Runs a command to its end. */
export async function runCommand(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const command = startCommand(args, environment)
  const code = await command.ended
  return { code, output: command.output, errors: command.errors }
}
