import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Every file below the given files and folders, relative to `root`, in a fixed order. What does not exist is left out. */
export function filesOf(root, names) {
  return names.flatMap((name) => {
    const path = join(root, name)
    if (!existsSync(path)) return []
    if (!statSync(path).isDirectory()) return [name]
    return filesOf(
      root,
      readdirSync(path)
        .sort()
        .map((entry) => join(name, entry)),
    )
  })
}

/** SHA-256, in hex, of the names and contents of files. */
export function fingerprint(root, files) {
  const hash = createHash('sha256')
  for (const file of files) {
    const content = readFileSync(join(root, file))
    hash.update(`${file}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}
