import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import type * as transformModule from '../../handlers/transform/transform.ts'

/** The transform as it is deployed: bundled and minified into one file. */
export async function bundledTransform(root: string): Promise<typeof transformModule> {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'handlers', 'transform', 'transform.ts')],
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    write: false,
  })
  const directory = await mkdtemp(join(tmpdir(), 'transform-'))
  try {
    const file = join(directory, 'transform.mjs')
    await writeFile(file, outputFiles[0]?.contents ?? '')
    const bundled: typeof transformModule = await import(pathToFileURL(file).href)
    return bundled
  } finally {
    await rm(directory, { recursive: true })
  }
}
