import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { provisioningSteps } from '../../../pipeline/provisioning.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const handlers = [
  ...provisioningSteps.map((step) => `handlers/provision/${step}.ts`),
  'handlers/gate/custom-resource.ts',
  'handlers/gate/signal-failure.ts',
]

const bundles = handlers.map((entry) => {
  const { metafile } = buildSync({
    entryPoints: [join(root, entry)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    minify: true,
    write: false,
    metafile: true,
    outdir: 'nowhere',
    define: { PROVISIONING_PLAN: '{}' },
    absWorkingDir: root,
  })
  const [output] = Object.values(metafile.outputs)
  if (!output) throw new Error(`no bundle of ${entry}`)
  const clients = Object.keys(output.inputs).flatMap((file) => /@aws-sdk\/(client-[a-z-]+)\//.exec(file)?.[1] ?? [])
  return { entry, bytes: output.bytes, inputs: Object.keys(output.inputs), clients: new Set(clients) }
})

test.each(bundles)(
  'the bundle of $entry has no validation library, nothing of the CDK, and three AWS clients at most',
  ({ inputs, clients, bytes }) => {
    expect(inputs.filter((file) => /node_modules\/(zod|aws-cdk-lib)\//.test(file))).toEqual([])
    expect(clients.size).toBeLessThanOrEqual(3)
    expect(bytes).toBeLessThan(1_200_000)
  },
)

test('what is looked for would be found', () => {
  expect(bundles.some(({ clients }) => clients.has('client-athena'))).toBe(true)
})
