import { provisioningDefinition } from '../../../../lib/workflow/provisioning.ts'
import { isObject, type Json, type JsonObject, scalarText } from '../../../../local/cloudformation/json.ts'
import { localDefinition } from '../../../../local/workflow/definition.ts'
import { interpret, StateError } from '../../../../local/workflow/interpret.ts'
import { answerKeys } from '../../../../pipeline/provisioning.ts'

const original: unknown = JSON.parse(
  JSON.stringify(provisioningDefinition((step) => `arn:aws:lambda:us-east-1:111122223333:function:aurora-cdc-${step}`, 60)),
)
if (!isObject(original)) throw new Error('no definition')
// A second of waiting is a thousandth of one.
const definition = localDefinition(original, 0.00001)

interface Call {
  readonly step: string
  readonly payload: JsonObject
}

/** Runs an execution with answers of steps; `ready`, unless said otherwise. Answers what was called in order, and how it ended. */
async function run(input: JsonObject, answers: Readonly<Record<string, (call: Call, earlier: readonly Call[]) => JsonObject>> = {}) {
  const calls: Call[] = []
  const running = interpret(definition, {
    input,
    execution: { Id: 'arn:run', Name: 'run', StartTime: '2026-11-22T12:00:00Z' },
    stateMachine: {},
    onEvent: () => {},
    async runTask(state, payload) {
      if (!isObject(payload)) throw new Error('no payload')
      const step = scalarText(state.json.Resource).split(':aurora-cdc-')[1] ?? ''
      const call = { step, payload }
      const answer = answers[step]?.(call, calls) ?? {}
      calls.push(call)
      return { ready: true, seen: step, since: '', did: [], already: [], ...byDefault(step, payload), ...answer }
    },
  })
  return { outcome: await running.outcome, calls, steps: calls.map(({ step }) => step) }
}

/** What a step answers besides, which states after it read. */
function byDefault(step: string, { request }: JsonObject): JsonObject {
  if (step === 'check-request') {
    const asked = { until: 'Verified', signal: null, resync: [], recover: null }
    return { request: { ...asked, ...(isObject(request) ? request : {}) } }
  }
  if (step === 'report') return { reached: 'Verified', rows: null, latencies: null, query: null }
  if (step === 'ensure-snapshot-requests') return { pending: false, removal: false }
  if (step === 'check-catalog') return { mode: 'iam' }
  if (step === 'check-columns') return { pending: false }
  return step.endsWith('vpc-connectivity') ? { operationArn: null } : {}
}

const paths = (steps: readonly string[]) => {
  const branches = new Set([
    'check-source',
    'ensure-source',
    'ensure-vpc-connectivity',
    'await-vpc-connectivity',
    'check-catalog',
    'ensure-grants',
    'check-columns',
  ])
  return { beside: new Set(steps.filter((step) => branches.has(step))), after: steps.filter((step) => !branches.has(step)) }
}

test('an execution with the input {} goes through all steps in their order', async () => {
  const { outcome, steps } = await run({})
  expect(outcome).toEqual({
    status: 'SUCCEEDED',
    output: { reached: 'Verified', did: [], already: [], rows: null, latencies: null, query: null },
  })
  expect(paths(steps)).toEqual({
    beside: new Set([
      'check-source',
      'ensure-source',
      'ensure-vpc-connectivity',
      'await-vpc-connectivity',
      'check-catalog',
      'check-columns',
    ]),
    after: [
      'check-request',
      'ensure-cluster-policy',
      'ensure-topic',
      'await-topic',
      'await-delivery-stream',
      'ensure-connector',
      'await-connector',
      'await-snapshot',
      'ensure-snapshot-requests',
      'ensure-canary',
      'await-canary',
      'ensure-canary',
      'await-canary',
      'ensure-canary',
      'await-canary',
      'ensure-snapshots-completed',
      'await-row-counts',
      'report',
    ],
  })
})

test.each<[string, JsonObject, string[]]>([
  ['and signals where somebody waits', { until: 'DeliveryReady', signal: { url: 'https://x' } }, ['signal-delivery-ready', 'report']],
  ['and says nothing where nobody does', { until: 'DeliveryReady' }, ['report']],
])('one until a delivery stream can be created stops there, %s', async (_how, input, last) => {
  const { outcome, steps } = await run(input)
  expect(outcome.status).toBe('SUCCEEDED')
  expect(paths(steps).after).toEqual(['check-request', 'ensure-cluster-policy', 'ensure-topic', 'await-topic', ...last])
})

test('grants are made where Lake Formation governs the catalog', async () => {
  const { steps } = await run({}, { 'check-catalog': () => ({ mode: 'lake-formation' }) })
  expect(steps).toContain('ensure-grants')
})

test('columns are changed before a connector could deliver them, where any are to be', async () => {
  const { steps } = await run({}, { 'check-columns': () => ({ pending: true }) })
  expect(steps.slice(steps.indexOf('await-delivery-stream')).slice(0, 3)).toEqual([
    'await-delivery-stream',
    'ensure-columns',
    'ensure-connector',
  ])
})

test('an execution until a delivery stream can be created changes no columns', async () => {
  const { steps } = await run({ until: 'DeliveryReady' }, { 'check-columns': () => ({ pending: true }) })
  expect(steps).toContain('check-columns')
  expect(steps).not.toContain('ensure-columns')
})

test('tables are snapshotted where any is to be', async () => {
  const { steps } = await run({}, { 'ensure-snapshot-requests': () => ({ pending: true }) })
  expect(steps.slice(steps.indexOf('await-snapshot')).slice(0, 4)).toEqual([
    'await-snapshot',
    'ensure-snapshot-requests',
    'ensure-tables-scanned',
    'ensure-canary',
  ])
})

test('rows that vanished are removed after the snapshots have arrived, and before the last changes of the canary prove what was read again', async () => {
  const { steps } = await run({}, { 'ensure-snapshot-requests': () => ({ pending: true, removal: true }) })
  expect(steps.slice(steps.indexOf('ensure-tables-scanned')).slice(0, 6)).toEqual([
    'ensure-tables-scanned',
    'ensure-canary',
    'await-canary',
    'ensure-vanished-removed',
    'ensure-canary',
    'await-canary',
  ])
})

test('a step that is not ready is asked again with its last answer, whatever members that has', async () => {
  const { calls } = await run(
    {},
    {
      'await-topic': (_call, earlier) => {
        const looks = earlier.filter(({ step }) => step === 'await-topic').length
        return { ready: looks === 2, looks }
      },
    },
  )
  expect(calls.filter(({ step }) => step === 'await-topic').map(({ payload }) => payload.previous)).toEqual([
    null,
    expect.objectContaining({ ready: false, looks: 0 }),
    expect.objectContaining({ ready: false, looks: 1 }),
  ])
})

test('every step is given the execution, the checked request and its parameters', async () => {
  const { calls } = await run({}, { 'ensure-vpc-connectivity': () => ({ operationArn: 'arn:operation' }) })
  for (const { step, payload } of calls) {
    expect(payload.execution).toMatchObject({ Id: 'arn:run', Name: 'run', StartTime: '2026-11-22T12:00:00Z' })
    expect([step, payload.request]).toEqual([
      step,
      step === 'check-request' ? {} : { until: 'Verified', signal: null, resync: [], recover: null },
    ])
  }
  const parameters = (step: string) => calls.filter((call) => call.step === step).map(({ payload }) => payload.parameters)
  expect(parameters('await-canary')).toEqual([
    { change: 'insert', made: expect.any(String) },
    { change: 'update', made: expect.any(String) },
    { change: 'delete', made: expect.any(String) },
  ])
  expect(parameters('await-vpc-connectivity')).toEqual([{ operationArn: 'arn:operation' }])
  expect(parameters('check-source')).toEqual([{}])
})

test('the report is given the answer of every step, also of those that ran beside each other', async () => {
  const { calls } = await run(
    {},
    { 'ensure-source': () => ({ did: ['source'] }), 'await-vpc-connectivity': () => ({ did: ['connectivity'] }) },
  )
  const { parameters } = calls.find(({ step }) => step === 'report')?.payload ?? {}
  const answers = isObject(parameters) && isObject(parameters.answers) ? parameters.answers : {}
  expect(Object.keys(answers).toSorted()).toEqual(['request', ...answerKeys].toSorted())
  expect(answers.ensureSource).toMatchObject({ did: ['source'] })
  expect(answers.awaitVpcConnectivity).toMatchObject({ did: ['connectivity'] })
  const silent = answerKeys.filter((key) => answers[key] === null)
  expect(silent).toEqual([
    'ensureGrants',
    'signalDeliveryReady',
    'ensureColumns',
    'ensureSlotForgotten',
    'ensureTablesScanned',
    'ensureVanishedRemoved',
  ])
})

test('what is transient is tried again, and what is not ends the execution under its own name', async () => {
  let failures = 3
  const flaky = () => {
    if (failures-- > 0) throw new StateError('AwsUnavailable', 'throttled')
    return {}
  }
  const { outcome, steps } = await run({}, { 'ensure-topic': flaky })
  expect([outcome.status, steps.includes('report')]).toEqual(['SUCCEEDED', true])
  const failed = await run(
    {},
    {
      'ensure-topic': () => {
        throw new StateError('TopicMismatch', 'three partitions')
      },
    },
  )
  expect(failed.outcome).toEqual({ status: 'FAILED', error: 'TopicMismatch', cause: 'three partitions' })
  expect(failed.steps).not.toContain('await-topic')
})

test('answers of 400 tables stay far under the limit of a payload', async () => {
  const rows = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`a_table_with_quite_a_long_name_${index}`, '123456789012']))
  const did: Json = Array.from(
    { length: 25 },
    (_, index) => `set the replica identity of a_schema.a_table_with_quite_a_long_name_${index} to full`,
  )
  const { outcome, calls } = await run({}, { 'await-row-counts': () => ({ rows }), 'ensure-source': () => ({ did }) })
  expect(outcome.status).toBe('SUCCEEDED')
  expect(Math.max(...calls.map(({ payload }) => JSON.stringify(payload).length))).toBeLessThan(64 * 1024)
})
