import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** Runs a program with our own standard streams and gives its exit code, 128 + the signal's number where a signal ended it. */
export function runToEnd(command, args, { cwd }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: 'inherit' })
    const forward = (signal) => {
      // A terminal sends Ctrl-C to the whole group, so the program has it already; a second one would read as "at once".
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      child.kill(signal)
    }
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.on(signal, forward)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      for (const name of signals) process.off(name, forward)
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}
