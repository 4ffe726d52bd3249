import { dirname, join, resolve } from 'node:path'
import { AssetHashType, DockerImage } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { buildSync } from 'esbuild'

/**
 * The code of a Lambda function: one minified ES module `index.mjs`, whose asset hash is that of its content.
 * `define` goes to esbuild as data: a plan of hundreds of tables would not fit a command line, and names in it may hold what a shell would run.
 * @param entry path of the handler's file from the root of the project
 * @param define global constants that the handler declares, each as JSON
 */
export function handlerCode(entry: string, define: Record<string, string> = {}): Code {
  const file = resolve(import.meta.dirname, '..', entry)
  return Code.fromAsset(dirname(file), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('unused: bundled by esbuild'),
      // Not run either. The CDK takes assets of one folder for the same one where nothing of this differs, and the function below it cannot see.
      command: [entry, JSON.stringify(define)],
      local: {
        tryBundle(outputDirectory) {
          bundleHandler(file, join(outputDirectory, 'index.mjs'), define)
          return true
        },
      },
    },
  })
}

/** Bundles a handler with everything that it imports. */
export function bundleHandler(file: string, outfile: string, define: Record<string, string> = {}): void {
  buildSync({
    entryPoints: [file],
    outfile,
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
}
