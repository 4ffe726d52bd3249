import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serveAws, withoutAccount } from '../../../../local/aws/endpoint.ts'
import { readAssembly } from '../../../../local/cloudformation/assembly.ts'
import { deployAssembly } from '../../../../local/cloudformation/deploy.ts'
import { localFunctions } from '../../../../local/cloudformation/resources/lambda-function.ts'
import { synthesize } from '../../../../local/cloudformation/synthesize.ts'
import { letFirehoseIn } from '../../../local/cloudformation/firehose-let-in.ts'
import { accountFixture } from '../../../local/cloudformation/fixture.ts'
import { openGate } from '../../../local/cloudformation/open-gate.ts'

const root = join(import.meta.dirname, '..', '..', '..', '..')
const directory = mkdtempSync(join(tmpdir(), 'synthesize-'))
afterAll(() => rmSync(directory, { recursive: true }))

const outputDirectory = join(directory, 'cdk.out')
const tablesFile = join(directory, 'tables.json')
const deploymentFile = join(root, 'local', 'deployment.json')
const pluginFile = join(root, 'test', 'fixtures', 'plugin', 'plugin.zip')
const declaration = JSON.parse(readFileSync(join(root, 'tables.json'), 'utf8'))
// Names that a shell would run or expand: nothing on the way of the plan into the bundle may go through one.
const hostile = {
  schema: 'public',
  name: 'odd $(id) `id` "quoted" \\ $HOME',
  columns: [{ name: "a'b$c", type: 'integer' }],
  primaryKey: ["a'b$c"],
  iceberg: { name: 'odd' },
}
writeFileSync(tablesFile, JSON.stringify({ tables: [...declaration.tables, hostile] }))

test('the app is synthesized as the CDK CLI would, once for the same inputs, and every template of it is understood and deployed', async () => {
  expect(await synthesize({ outputDirectory, deploymentFile, tablesFile, pluginFile })).toBe(true)
  expect(await synthesize({ outputDirectory, deploymentFile, tablesFile, pluginFile })).toBe(false)
  const assembly = readAssembly(outputDirectory)
  expect(assembly.stacks.map(({ name }) => name)).toEqual([
    'CdcMskCluster',
    'CdcMskConnectIam',
    'CdcS3Tables',
    'CdcLambdaTransform',
    'CdcFirehoseRole',
    'CdcProvisioning',
    'CdcFirehose',
    'CdcMonitoring',
  ])

  const fixture = await accountFixture()
  const endpoint = await serveAws({}, { access: withoutAccount })
  try {
    // What a delivery stream needs besides stacks is not there yet.
    const account = fixture.open()
    await expect(deployAssembly(assembly, { ...account, effects: openGate(endpoint, async () => {}) })).rejects.toMatchObject({
      name: 'DeploymentRefused',
      message: expect.stringContaining('Multi-VPC private connectivity is not enabled'),
    })
    await deployAssembly(assembly, { ...account, effects: openGate(endpoint, () => letFirehoseIn(account)) })
    expect([...fixture.rest.tables.keys()].toSorted()).toEqual([
      'aurora_cdc.cdc_canary',
      'aurora_cdc.odd',
      'aurora_cdc.orders',
      'aurora_cdc.products',
    ])
    const events: string[] = []
    const again = fixture.open()
    await deployAssembly(assembly, again, undefined, (event) => events.push(event.action))
    expect(new Set(events)).toEqual(new Set(['deploying', 'unchanged', 'deployed']))

    const functions = Object.values(localFunctions(again))
    expect(new Set(functions.map(({ assetDirectory }) => assetDirectory)).size).toBe(functions.length)
    const transform = functions.find(({ functionName }) => functionName === 'aurora-cdc-transform')
    const bundle = join(String(transform?.assetDirectory), 'index.mjs')
    expect(readdirSync(String(transform?.assetDirectory))).toEqual(['index.mjs'])
    expect(statSync(bundle).size).toBeLessThan(40 * 1024)
    // The bundle is loaded as Lambda would load it, in a process of its own.
    const loaded = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', `import { handler } from ${JSON.stringify(bundle)}; console.log(typeof handler)`],
      { encoding: 'utf8' },
    )
    expect([loaded.stdout.trim(), loaded.stderr]).toEqual(['function', ''])
    const code = readFileSync(bundle, 'utf8')
    expect(code).toContain('odd $(id)')
    expect(code).toContain("a'b$c")
  } finally {
    await endpoint.close()
    await fixture.close()
  }
}, 120_000)

test('a fault in a file is what a failed synthesis says, and the earlier output stays', async () => {
  const broken = join(directory, 'broken.json')
  writeFileSync(broken, '{"account": 1}')
  await expect(synthesize({ outputDirectory, deploymentFile: broken, tablesFile, pluginFile })).rejects.toMatchObject({
    name: 'SynthesisFailed',
    message: expect.stringMatching(/InvalidDeployment: .*broken\.json has \d+ faults:\n {2}account: found 1, allowed: the 12 digits/),
  })
  expect(readAssembly(outputDirectory).stacks).toHaveLength(8)
}, 60_000)

test('a folder without a synthesized app is refused', () => {
  expect(() => readAssembly(join(directory, 'nothing'))).toThrow('holds no synthesized app: run npx cdk synth')
})
