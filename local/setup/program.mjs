import { spawn } from 'node:child_process'

const running = new Set()

/**
 * Runs a program to its end and gives `{ code, output, missing, timedOut }`; `output` is standard output and error together.
 * It gets a process group of its own, so that stopping it stops what it started too.
 */
export function runProgram(command, args, { cwd, env = process.env, timeoutMs } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    running.add(child)
    let output = ''
    let timedOut = false
    const timer =
      timeoutMs &&
      setTimeout(() => {
        timedOut = true
        killGroup(child, 'SIGKILL')
      }, timeoutMs)
    const finish = (result) => {
      clearTimeout(timer)
      running.delete(child)
      resolve({ output, timedOut, missing: false, ...result })
    }
    const collect = (chunk) => {
      output += chunk
    }
    child.stdout.setEncoding('utf8').on('data', collect)
    child.stderr.setEncoding('utf8').on('data', collect)
    child.on('error', (error) => finish({ code: null, missing: error.code === 'ENOENT', output: error.message }))
    child.on('close', (code) => finish({ code }))
  })
}

/** Stops what runs, for an interrupted preparation. */
export function stopPrograms() {
  for (const child of running) killGroup(child, 'SIGTERM')
}

function killGroup(child, signal) {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    // It ended by itself in the meantime.
    if (error.code !== 'ESRCH') throw error
  }
}
