import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

export interface LogFile {
  write(chunk: Buffer | string): void
  close(): void
}

/**
 * A log file that never takes more than twice `maximumBytes` of disk: when full it becomes `<file>.1`, replacing the one before.
 * Writes are synchronous, so that the last words of an engine are on disk even when this process is killed with it.
 */
export function openLogFile(file: string, maximumBytes = 8 * 1024 * 1024): LogFile {
  mkdirSync(dirname(file), { recursive: true })
  let descriptor = openSync(file, 'a', 0o600)
  let size = fstatSync(descriptor).size
  let closed = false
  return {
    write(chunk) {
      // The pipes of a process that was just killed may still hold a chunk.
      if (closed) return
      if (size >= maximumBytes) {
        closeSync(descriptor)
        renameSync(file, `${file}.1`)
        descriptor = openSync(file, 'a', 0o600)
        size = 0
      }
      size += typeof chunk === 'string' ? writeSync(descriptor, chunk) : writeSync(descriptor, chunk)
    },
    close() {
      if (closed) return
      closed = true
      closeSync(descriptor)
    },
  }
}
