import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

/** A new folder, removed after the tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'setup-test-'))
  folders.push(folder)
  return folder
}

/** An environment whose PATH has these shell scripts by name, `node`, and nothing else. */
export function onlyPrograms(scripts: Record<string, string>): { PATH: string; HOME: string } {
  const folder = temporaryFolder()
  symlinkSync(process.execPath, join(folder, 'node'))
  for (const [name, script] of Object.entries(scripts)) {
    const file = join(folder, name)
    writeFileSync(file, `#!/bin/sh\n${script}\n`)
    chmodSync(file, 0o755)
  }
  return { PATH: folder, HOME: folder }
}
