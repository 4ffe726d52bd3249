import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { teardownDefinition } from '../../../../lib/workflow/teardown.ts'
import { isObject, type Json, type JsonObject, scalarText } from '../../../../local/cloudformation/json.ts'
import { localDefinition } from '../../../../local/workflow/definition.ts'
import { interpret, StateError } from '../../../../local/workflow/interpret.ts'
import { stepsOfBoth, teardownKeys, teardownReportMembers, teardownSteps } from '../../../../pipeline/teardown.ts'
import { functionArn, onward, places } from '../../../lib/workflow/definitions.ts'

const original = teardownDefinition(functionArn)
const all = places(original.States)
const parsed: unknown = JSON.parse(JSON.stringify(original))
if (!isObject(parsed)) throw new Error('no definition')
// A second of waiting is a thousandth of one.
const definition = localDefinition(parsed, 0.00001)

interface Call {
  readonly step: string
  readonly payload: JsonObject
}

const input: JsonObject = { tearDown: 'aurora-cdc-debezium' }

/** Runs an execution with answers of steps; `ready`, with something to drain and a catalog of IAM, unless said otherwise. */
async function run(answers: Readonly<Record<string, (call: Call, earlier: readonly Call[]) => JsonObject>> = {}) {
  const calls: Call[] = []
  const { outcome } = interpret(definition, {
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
      return { ready: true, seen: step, since: '', did: [], already: [], ...more(step), ...answer }
    },
  })
  return { outcome: await outcome, calls, steps: calls.map(({ step }) => step) }
}

/** What a step answers besides, which states after it read. */
function more(step: string): JsonObject {
  if (step === 'check-teardown') return { request: { ...input, drain: true } }
  if (step === 'check-ownership') return { drains: true, undelivered: null, lsn: '0/16B3748' }
  if (step === 'check-catalog') return { mode: 'iam' }
  return step === 'report-teardown' ? { outcome: 'down', undelivered: null, kept: [], next: [] } : {}
}

const removing = ['ensure-no-connector', 'ensure-clean-source', 'check-no-slot', 'ensure-no-offsets-topic', 'check-catalog']

test('every step is a task, and no task is anything else', () => {
  const called = all.flatMap(({ state }) => (state.Type === 'Task' ? [state.Resource] : []))
  expect([...new Set(called)].toSorted()).toEqual([...teardownSteps, ...stepsOfBoth].map(functionArn).toSorted())
})

test('every answer has a place in the state data from the beginning', () => {
  const kept = all.flatMap(({ state }) => (state.Type === 'Task' && state.ResultPath ? [state.ResultPath.replace('$.', '')] : []))
  expect(kept.toSorted()).toEqual(teardownKeys.toSorted())
  const first = original.States[original.StartAt]
  if (first?.Type !== 'Task') throw new Error('the first state is not a task')
  expect(Object.keys(first.ResultSelector ?? {})).toEqual(['request.$', ...teardownKeys])
})

test('every step that may answer that it is not ready is asked again', () => {
  const folder = join(import.meta.dirname, '..', '..', '..', '..', 'handlers', 'teardown')
  const mayWait = teardownSteps.filter((step) => /\bnotYet\(/.test(readFileSync(join(folder, `${step}.ts`), 'utf8')))
  const asked = all.flatMap(({ state, beside }) => {
    const asking = state.Type === 'Wait' ? beside[onward(state)[0] ?? ''] : undefined
    return asking?.Type === 'Task' ? [asking.Resource] : []
  })
  expect(mayWait).toHaveLength(4)
  expect([...new Set(asked)].toSorted()).toEqual([...mayWait, 'await-canary', 'ensure-grants'].map(functionArn).toSorted())
})

test('what was committed arrives before the connector goes, and the slot goes after it', async () => {
  const { outcome, steps, calls } = await run()
  expect(outcome).toEqual({ status: 'SUCCEEDED', output: { outcome: 'down', did: [], already: [], undelivered: null, kept: [], next: [] } })
  const canary = ['ensure-canary', 'await-drained', 'await-canary', 'ensure-canary', 'await-canary']
  expect(steps).toEqual(['check-teardown', 'check-ownership', ...canary, ...removing, 'ensure-no-policy', 'report-teardown'])
  const parameters = (step: string) => calls.filter((call) => call.step === step).map(({ payload }) => payload.parameters)
  expect(parameters('await-drained')).toEqual([{ lsn: '0/16B3748' }])
  expect(parameters('await-canary')).toEqual([
    { change: 'insert', made: expect.any(String) },
    { change: 'delete', made: expect.any(String) },
  ])
  expect(parameters('check-catalog')).toEqual([{ missing: 'tolerated' }])
})

test('where nothing delivers any more, nothing is waited for', async () => {
  const { steps } = await run({ 'check-ownership': () => ({ drains: false }) })
  expect(steps).toEqual(['check-teardown', 'check-ownership', ...removing, 'ensure-no-policy', 'report-teardown'])
})

test.each(['iam', 'none'])('where the mode of the catalog is %s, no grants are looked for', async (mode) => {
  expect((await run({ 'check-catalog': () => ({ mode }) })).steps).not.toContain('ensure-grants')
})

test('grants are revoked, and not made, where Lake Formation governs the catalog', async () => {
  const { calls } = await run({ 'check-catalog': () => ({ mode: 'lake-formation' }) })
  expect(calls.find(({ step }) => step === 'ensure-grants')?.payload.parameters).toEqual({ grants: 'none' })
})

test('every step is given the execution and the checked request, and its last answer when it is asked again', async () => {
  const { calls } = await run({
    'ensure-no-connector': (_call, earlier) => {
      const looks = earlier.filter(({ step }) => step === 'ensure-no-connector').length
      return { ready: looks === 2, did: ['deleted'], looks }
    },
  })
  for (const { step, payload } of calls) {
    expect(payload.execution).toMatchObject({ Id: 'arn:run', Name: 'run', StartTime: '2026-11-22T12:00:00Z' })
    expect([step, payload.request]).toEqual([step, step === 'check-teardown' ? input : { ...input, drain: true }])
  }
  expect(calls.filter(({ step }) => step === 'ensure-no-connector').map(({ payload }) => payload.previous)).toEqual([
    null,
    expect.objectContaining({ looks: 0, did: ['deleted'] }),
    expect.objectContaining({ looks: 1, did: ['deleted'] }),
  ])
})

test('the report is given the answer of every step, and its output has what it says', async () => {
  const kept: Json = [{ what: 'tables', remove: 'aws' }]
  const { calls, outcome } = await run({ 'report-teardown': () => ({ kept, did: ['dropped'] }) })
  const { parameters } = calls.find(({ step }) => step === 'report-teardown')?.payload ?? {}
  const answers = isObject(parameters) && isObject(parameters.answers) ? parameters.answers : {}
  expect(Object.keys(answers).toSorted()).toEqual(['request', ...teardownKeys].toSorted())
  expect(teardownKeys.filter((key) => answers[key] === null)).toEqual(['ensureGrants'])
  const output = outcome.status === 'SUCCEEDED' ? outcome.output : null
  expect(isObject(output) ? Object.keys(output).toSorted() : []).toEqual(teardownReportMembers.toSorted())
  expect(output).toMatchObject({ kept, did: ['dropped'] })
})

test('what is not the pipeline’s ends the execution before anything is changed', async () => {
  const { outcome, steps } = await run({
    'check-ownership': () => {
      throw new StateError('NotOurs', 'another schema')
    },
  })
  expect(outcome).toEqual({ status: 'FAILED', error: 'NotOurs', cause: 'another schema' })
  expect(steps).toEqual(['check-teardown'])
})
