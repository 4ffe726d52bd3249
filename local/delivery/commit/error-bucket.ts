import { copyFile, mkdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Puts a copy under a name; a copy that is there is whole. */
export async function copyFileAtomically(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await copyFile(from, `${to}.tmp`)
  await rename(`${to}.tmp`, to)
}
