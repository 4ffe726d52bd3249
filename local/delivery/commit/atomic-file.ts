import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Puts a copy under a name; a copy that is there is whole. */
export async function copyFileAtomically(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await copyFile(from, `${to}.tmp`)
  await rename(`${to}.tmp`, to)
}

/** A file that is there is whole. */
export async function writeAtomically(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const temporary = `${file}.tmp`
  await writeFile(temporary, content)
  await rename(temporary, file)
}
