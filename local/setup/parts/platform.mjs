import { closeSync, openSync, readSync } from 'node:fs'

/**
 * 'glibc' or 'musl' on Linux, else undefined, by the interpreter that the head of our own executable names (as detect-libc does;
 * Node's own report knows it too, and takes a second).
 */
export function libc() {
  if (process.platform !== 'linux') return undefined
  const head = Buffer.alloc(4096)
  const file = openSync(process.execPath, 'r')
  try {
    readSync(file, head, 0, head.length, 0)
  } finally {
    closeSync(file)
  }
  return head.includes('/ld-musl-') ? 'musl' : 'glibc'
}
