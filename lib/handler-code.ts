import { writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { AssetHashType, DockerImage } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { buildSync } from 'esbuild'

const root = resolve(import.meta.dirname, '..')

/**
 * The code of Lambda functions: for each one minified ES module `index.mjs`, whose asset hash is that of its content. All are bundled by the
 * first that is needed, in one call of esbuild, which reads what they share once.
 * `define` goes to esbuild as data: a plan of hundreds of tables would not fit a command line, and names in it may hold what a shell would run.
 * @param entries paths of the handlers' files from the root of the project
 * @param define global constants that the handlers declare, each as JSON
 * @returns the code of one of the entries
 */
export function handlerCodes<Entry extends string>(entries: readonly Entry[], define: Record<string, string> = {}): (entry: Entry) => Code {
  let bundles: ReadonlyMap<string, Uint8Array> | undefined
  return (entry) =>
    Code.fromAsset(dirname(join(root, entry)), {
      assetHashType: AssetHashType.OUTPUT,
      bundling: {
        image: DockerImage.fromRegistry('unused: bundled by esbuild'),
        // Not run either. The CDK takes assets of one folder for the same one where nothing of this differs, and the function below it cannot see.
        command: [entry, JSON.stringify(define)],
        local: {
          tryBundle(outputDirectory) {
            bundles ??= bundleHandlers(entries, define)
            const bundle = bundles.get(entry)
            if (!bundle) throw new Error(`${entry} is not among the handlers that are bundled together`)
            writeFileSync(join(outputDirectory, 'index.mjs'), bundle)
            return true
          },
        },
      },
    })
}

/** Bundles each handler with everything that it imports. */
function bundleHandlers(entries: readonly string[], define: Record<string, string>): ReadonlyMap<string, Uint8Array> {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: [...entries],
    write: false,
    outdir: root,
    outbase: root,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    // Of a package that comes as both, the ES module: a CommonJS one would ask for Node.js' own modules by a `require` that there is not.
    mainFields: ['module', 'main'],
    minify: true,
    legalComments: 'none',
    define,
    logLevel: 'error',
  })
  // In the order of the entries, as esbuild returns them; the map is by entry.
  return new Map(entries.map((entry) => [entry, bundleOf(entry, outputFiles)]))
}

function bundleOf(entry: string, files: readonly { path: string; contents: Uint8Array }[]): Uint8Array {
  const path = join(root, entry.replace(/\.ts$/, '.js'))
  const found = files.find((file) => file.path === path)
  if (!found) throw new Error(`esbuild made no ${path}`)
  return found.contents
}
