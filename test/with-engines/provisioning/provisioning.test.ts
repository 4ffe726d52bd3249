import { readAssembly } from '../../../local/cloudformation/assembly.ts'
import { deployAssembly } from '../../../local/cloudformation/deploy.ts'
import { openTopic } from '../../../local/faults/topic.ts'
import { LocalRun } from '../../../local/run/local-run.ts'
import { withSource } from '../../../local/run/source.ts'
import { runStages, type Stage } from '../../../local/run/stages.ts'
import type { Execution } from '../../../local/workflow/execution.ts'
import { type ProvisioningReport, reportMembers } from '../../../pipeline/provisioning.ts'
import { resourceNames } from '../../../pipeline/resource-names.ts'
import { type StartedRun, startRun } from '../whole-path/started-run.ts'
import { throwAway, throwawayFolder } from '../whole-path/throwaway.ts'
import { cutOffEverywhere } from './cut-off.ts'
import { finalState } from './final-state.ts'

const folders = [throwawayFolder(), throwawayFolder()] as const
let started: StartedRun | undefined
/** What an undisturbed run leaves, and what its second execution finds. */
let undisturbed: { readonly state: object; readonly already: readonly string[]; readonly rows: object | null }

afterAll(async () => {
  try {
    await started?.stop()
  } finally {
    for (const folder of folders) throwAway(folder)
  }
}, 60_000)

function machineOf(run: LocalRun): string {
  return run.aws.account.arn('states', `stateMachine:${resourceNames(run.deployment).stateMachine}`)
}

async function execute(run: LocalRun, input: unknown): Promise<Execution> {
  const { executions } = run.aws.workflow
  return executions.ended(executions.start(machineOf(run), JSON.stringify(input)).executionArn)
}

const reportOf = ({ output }: Pick<Execution, 'output'>): ProvisioningReport => JSON.parse(output ?? '')

/** How many change events of each kind and table are on the topic, but for the canary. */
async function changeEvents(run: LocalRun): Promise<Record<string, number>> {
  const topic = await openTopic(run.state.kafkaBootstrap)
  try {
    const counts: Record<string, number> = {}
    for (const value of await topic.read()) {
      const { op, source }: { op: string; source: { schema: string; table: string } } = JSON.parse(String(value))
      if (source.schema !== 'cdc') counts[`${op} ${source.table}`] = (counts[`${op} ${source.table}`] ?? 0) + 1
    }
    return counts
  } finally {
    await topic.close()
  }
}

describe('a run that nothing disturbs', () => {
  beforeAll(async () => {
    started = await startRun(folders[0])
  }, 300_000)

  const run = () => {
    if (!started) throw new Error('it was not started')
    return started.run
  }

  it('goes from the gate of the deployment to a verified pipeline, and reports it', async () => {
    const [verified, gate] = run().aws.workflow.executions.list(machineOf(run()))
    expect(gate).toMatchObject({ status: 'SUCCEEDED', name: expect.stringMatching(/^delivery-ready-/) })
    expect(reportOf(gate ?? {})).toMatchObject({
      reached: 'DeliveryReady',
      did: expect.arrayContaining(['created the publication dbz_publication of 4 tables', 'created the topic aurora.cdc.all-tables']),
      query: null,
    })
    expect(verified?.output).toBe(run().report)
    const report = reportOf(verified ?? {})
    expect(Object.keys(report)).toEqual([...reportMembers])
    expect(report).toMatchObject({
      reached: 'Verified',
      did: ['created the connector aurora-cdc-debezium'],
      rows: { orders: '7', products: '7' },
      latencies: { insert: expect.any(Number), update: expect.any(Number), delete: expect.any(Number) },
      query: expect.stringContaining('"orders"'),
    })
  })

  it('changes nothing when the state machine is run again, and says so', async () => {
    const before = await finalState(run())
    const again = await execute(run(), {})
    expect(again).toMatchObject({ status: 'SUCCEEDED' })
    const { did, already, rows } = reportOf(again)
    expect(did).toEqual([])
    expect(await finalState(run())).toEqual(before)
    undisturbed = { state: before, already, rows }
  }, 60_000)

  it('comes to the same by two executions at once', async () => {
    const both = await Promise.all([execute(run(), {}), execute(run(), {})])
    expect(both.map(({ status, error, cause }) => ({ status, error, cause }))).toEqual([{ status: 'SUCCEEDED' }, { status: 'SUCCEEDED' }])
    expect(both.map((one) => reportOf(one).did)).toEqual([[], []])
    expect(await finalState(run())).toEqual(undisturbed.state)
  }, 300_000)

  it.each<[string, unknown]>([
    ['an unknown member', { untill: 'Verified' }],
    ['an unknown end', { until: 'Streaming' }],
    ['a list', []],
  ])('refuses %s as input, in words, and does nothing', async (_what, input) => {
    const refused = await execute(run(), input)
    expect(refused).toMatchObject({ status: 'FAILED', error: 'InvalidRequest' })
    expect(refused.events.filter(({ type }) => type === 'TaskStateEntered')).toHaveLength(1)
  })

  it('has delivered every row once, and the tables are equal', async () => {
    expect(await changeEvents(run())).toEqual({ 'r orders': 7, 'r products': 7 })
    expect(await started?.verify()).toMatchObject({ equal: true })
    await started?.stop()
    started = undefined
  }, 60_000)
})

const statesAlwaysEntered = [
  'Check the request',
  'Ensure the publication and replica identities',
  'Ensure multi-VPC connectivity of the cluster',
  'Ensure the cluster policy for Firehose',
  'Ensure the topic of change events',
  'Ensure the connector',
  'Look at the initial snapshot',
  'Insert a canary row at the source',
  'Delete a canary row at the source',
]

describe('a run whose executions are cut off after each state, and whose steps are killed in the middle', () => {
  let run: LocalRun

  afterAll(() => run?.stop(), 60_000)

  /** The stages from one to another, by their titles. */
  const between = (stages: readonly Stage<object>[], from: string | undefined, to: string | undefined) => {
    const at = (title: string | undefined, otherwise: number) =>
      title === undefined ? otherwise : stages.findIndex((stage) => stage.title === title)
    return stages.slice(at(from, 0), at(to, stages.length))
  }

  it('ends as the undisturbed one', async () => {
    run = await LocalRun.open({ dataDirectory: folders[1], explicitData: true, reset: false })
    const stages = run.stages()
    await runStages(between(stages, undefined, 'Deploy the stacks'), {})
    // All but the delivery stream, which waits for the first execution to come through.
    await deployAssembly(readAssembly(run.paths.cdkOut), run.aws.account, [
      'CdcProvisioning',
      'CdcMskConnectIam',
      'CdcS3Tables',
      'CdcFirehoseRole',
    ])
    const preparing = await cutOffEverywhere(run, '{"until":"DeliveryReady"}')
    await runStages(between(stages, 'Deploy the stacks', stages.at(-1)?.title), {})
    const [delivery, worker] = stages.at(-1)?.parallel ?? []
    await runStages([{ title: 'both', parallel: [delivery, worker].flatMap((stage) => stage ?? []) }], {})
    const rest = await cutOffEverywhere(run, '{}')

    const stoppedAfter = [...preparing.stoppedAfter, ...rest.stoppedAfter]
    expect(statesAlwaysEntered.filter((name) => !stoppedAfter.includes(name))).toEqual([])
    expect(rest.killedIn.length).toBeGreaterThan(15)
    expect(reportOf(rest.last).did).toEqual([])
    // Executions that were stopped in the smoke test leave its row; one that is older than an hour is removed by the next.
    await withSource(run.source, (client) => client.query("UPDATE cdc.canary SET touched_at = touched_at - interval '2 hours'"))
    const { did, already, rows } = reportOf(await execute(run, {}))
    expect(did).toEqual([])
    expect({ already, rows }).toEqual({ already: undisturbed.already, rows: undisturbed.rows })
    expect(await finalState(run)).toEqual(undisturbed.state)
    expect(await changeEvents(run)).toEqual({ 'r orders': 7, 'r products': 7 })
  }, 580_000)
})
