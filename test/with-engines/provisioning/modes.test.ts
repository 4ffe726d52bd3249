import { setTablesCatalogMode } from '../../../local/aws/glue.ts'
import { hasGrant } from '../../../local/aws/lake-formation.ts'
import { duckdbExtensions } from '../../../local/engines/paths.ts'
import { openLake } from '../../../local/iceberg/duckdb.ts'
import { LocalRun } from '../../../local/run/local-run.ts'
import { runStages } from '../../../local/run/stages.ts'
import { verifyTables } from '../../../local/verification/verify-tables.ts'
import type { ProvisioningReport } from '../../../pipeline/provisioning.ts'
import { resourceNames } from '../../../pipeline/resource-names.ts'
import { type TeardownReport, teardownInput } from '../../../pipeline/teardown.ts'
import { deploymentFile } from '../whole-path/deployment-file.ts'
import { throwAway, throwawayFolder } from '../whole-path/throwaway.ts'

const folder = throwawayFolder()
const settingsFolder = throwawayFolder()
/** Any role that exists: Lake Formation refuses others. */
const reader = 'arn:aws:iam::111122223333:role/aurora-cdc-connect-us-east-1'
let run: LocalRun | undefined

afterAll(async () => {
  try {
    await run?.stop()
  } finally {
    throwAway(folder)
    throwAway(settingsFolder)
  }
}, 60_000)

/** The other choice everywhere: the default run has a catalog that IAM governs, and workers that log in. */
test('Lake Formation grants what is needed, and workers without a login reach the brokers', async () => {
  const file = deploymentFile(settingsFolder, {
    kafka: { authentication: 'unauthenticated' },
    lakeFormation: { addAdministrator: true },
    readers: [reader],
  })
  const started = await LocalRun.open({ dataDirectory: folder, explicitData: true, reset: false, deploymentFile: file })
  run = started
  const stages = started.stages()
  const deploying = stages.findIndex(({ title }) => title === 'Deploy the stacks')
  await runStages(stages.slice(0, deploying), {})
  const { account } = started.aws
  await setTablesCatalogMode(account, 'lake-formation')
  await runStages(stages.slice(deploying), {})

  const { firehoseRole, stepRole, stateMachine } = resourceNames(started.deployment)
  const place = { tableBucket: 'aurora-cdc-tables', database: 'aurora_cdc', table: 'orders' }
  const roleArn = (name: string) => `arn:aws:iam::111122223333:role/${name}`
  expect(hasGrant(account, roleArn(firehoseRole), place, 'INSERT')).toBe(true)
  expect(hasGrant(account, roleArn(stepRole('await-canary')), place, 'SELECT')).toBe(true)
  expect(hasGrant(account, reader, place, 'SELECT')).toBe(true)
  expect(hasGrant(account, reader, place, 'INSERT')).toBe(false)

  // The gate's execution granted; that of the run found it so.
  const machine = account.arn('states', `stateMachine:${stateMachine}`)
  const [verified, gate] = started.aws.workflow.executions.list(machine)
  const granted = (output: string | undefined): ProvisioningReport => JSON.parse(output ?? '')
  expect(granted(gate?.output).did.join('\n')).toMatch(/granted/)
  expect(granted(verified?.output).did.join('\n')).not.toMatch(/granted/)

  const connector = await fetch(`${started.state.connectUri}/connectors/aurora-cdc-debezium/status`)
  expect(await connector.json()).toMatchObject({ connector: { state: 'RUNNING' }, tasks: [{ state: 'RUNNING' }] })
  const { catalogUri, tableBucket: bucket, namespace, deliveryUri } = started.state
  const lake = await openLake({ catalogUri, extensionDirectory: duckdbExtensions, bucket, memoryLimit: '400MB' })
  try {
    const compared = { source: started.source.url, lake, namespace, tables: started.declared, timeoutMs: 60_000, deliveryUri }
    expect(await verifyTables(compared)).toMatchObject({ equal: true })
  } finally {
    lake.close()
  }
}, 240_000)

test('a teardown revokes what was granted, its own right to grant last', async () => {
  if (!run) throw new Error('it was not started')
  const { account, workflow } = run.aws
  const { connector, teardownStateMachine, firehoseRole, stepRole } = resourceNames(run.deployment)
  const machine = account.arn('states', `stateMachine:${teardownStateMachine}`)
  const down = await workflow.executions.ended(workflow.executions.start(machine, teardownInput(connector)).executionArn)
  expect({ status: down.status, error: down.error, cause: down.cause }).toEqual({ status: 'SUCCEEDED' })
  const { did }: TeardownReport = JSON.parse(down.output ?? '')
  const roles = [firehoseRole, stepRole('await-canary')].map((name) => `arn:aws:iam::111122223333:role/${name}`)
  for (const principal of [...roles, reader])
    expect(did).toContainEqual(expect.stringMatching(new RegExp(`^revoked .* to ${principal.split('/').at(-1)}$`)))
  expect(did.filter((sentence) => /revoked|administrators/.test(sentence)).at(-1)).toMatch(/removed \S+ from the data lake administrators/)
  const table = { tableBucket: 'aurora-cdc-tables', database: 'aurora_cdc', table: 'orders' }
  for (const principal of [...roles, reader]) expect(hasGrant(account, principal, table, 'SELECT')).toBe(false)
}, 300_000)
