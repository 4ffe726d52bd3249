import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getLanguageService, TextDocument } from 'amazon-states-language-service'
import validate from 'asl-validator'
import { functionTimeoutSeconds } from '../../../lib/workflow/asking.ts'
import { provisioningDefinition } from '../../../lib/workflow/provisioning.ts'
import type { Definition, State, States } from '../../../lib/workflow/states.ts'
import { errorNames, errorNamesFor } from '../../../pipeline/errors.ts'
import { answerKeys, provisioningSteps } from '../../../pipeline/provisioning.ts'

const functionArn = (step: string) => `arn:aws:lambda:us-east-1:111122223333:function:aurora-cdc-${step}`
const definition = provisioningDefinition(functionArn)

interface Place {
  readonly name: string
  readonly state: State
  /** What is beside it: a branch of a Parallel is a machine of its own. */
  readonly beside: States
}

/** Every state, those of branches included. */
function places(states: States): Place[] {
  return Object.entries(states).flatMap(([name, state]) => [
    { name, state, beside: states },
    ...(state.Type === 'Parallel' ? state.Branches.flatMap((branch) => places(branch.States)) : []),
  ])
}

const all = places(definition.States)

function onward(state: State): string[] {
  if (state.Type === 'Choice') return [...state.Choices.map(({ Next }) => Next), state.Default]
  return 'Next' in state ? [state.Next] : []
}

/** What both validators say of a definition. */
async function faults(machine: Definition): Promise<string[]> {
  const service = getLanguageService({})
  const document = TextDocument.create('file:///definition.asl.json', 'json', 1, JSON.stringify(machine))
  const found = await service.doValidation(document, service.parseJSONDocument(document))
  return [
    ...found.map(({ message }) => (typeof message === 'string' ? message : message.value)),
    ...validate(structuredClone(machine)).errors.map((error) => JSON.stringify(error)),
  ]
}

test('both validators find nothing', async () => {
  expect(await faults(definition)).toEqual([])
})

test('both validators would find something', async () => {
  const first = definition.States['Check the request']
  if (!first) throw new Error('no first state')
  const misspelt = { ...definition, States: { ...definition.States, 'Check the request': { ...first, Retyr: [] } } }
  expect(await faults(misspelt)).toEqual(['Field is not supported.', expect.stringContaining('SCHEMA_VALIDATION_FAILED')])
  const dangling = { ...definition, States: { ...definition.States, 'Check the request': { ...first, Next: 'Nowhere' } } }
  expect((await faults(dangling)).filter((fault) => /Nowhere|MISSING_TRANSITION_TARGET/.test(fault)).length).toBeGreaterThan(1)
})

test('every state has a name that is a sentence, at most 80 characters long and the only one, and a comment', () => {
  const names = all.map(({ name }) => name)
  expect(names.length).toBeGreaterThan(40)
  expect(new Set(names).size).toBe(names.length)
  for (const { name, state } of all) {
    expect(name).toMatch(/^[A-Z][A-Za-z -]+ [A-Za-z ,-]+\??$/)
    expect(name.length).toBeLessThanOrEqual(80)
    expect(state.Comment).toMatch(/\w.{10,}[.?]$/)
  }
})

test('every step is a task, and no task is anything else', () => {
  const called = all.flatMap(({ state }) => (state.Type === 'Task' ? [state.Resource] : []))
  expect([...new Set(called)].toSorted()).toEqual(provisioningSteps.map(functionArn).toSorted())
})

test("every task has a limit above its function's, and retries Lambda's errors and exactly what the table calls transient", () => {
  for (const { state } of all) {
    if (state.Type !== 'Task') continue
    expect(state.TimeoutSeconds).toBeGreaterThan(functionTimeoutSeconds)
    const retried = state.Retry.flatMap(({ ErrorEquals }) => ErrorEquals)
    expect(retried).toEqual(
      expect.arrayContaining(['Lambda.TooManyRequestsException', 'Sandbox.Timedout', 'Runtime.ExitError', 'States.Timeout']),
    )
    expect(retried.filter((name) => Object.hasOwn(errorNames, name)).toSorted()).toEqual(
      [...errorNamesFor('retry'), ...errorNamesFor('wait')].toSorted(),
    )
    expect(retried).toContain('AwsUnavailable')
    for (const retrier of state.Retry)
      expect(retrier).toMatchObject({ MaxDelaySeconds: expect.any(Number), JitterStrategy: expect.any(String) })
  }
})

test('nothing is caught, and nothing fails but what is the cause: an execution can be redriven', () => {
  for (const { state } of all) {
    expect(state).not.toHaveProperty('Catch')
    expect(state.Type).not.toBe('Fail')
  }
})

test('every wait comes back to the task that is asked again, by whose answer the loop is left', () => {
  const waits = all.filter(({ state }) => state.Type === 'Wait')
  expect(waits.map(({ name }) => name)).toEqual([
    'Wait before the next changes at the source',
    'Wait until the cluster can be updated',
    'Wait until the cluster is ACTIVE',
    'Wait before the next grants',
    'Wait until the topic can be made',
    'Wait until the topic is ACTIVE',
    'Wait until the delivery stream is ACTIVE',
    'Wait until the former connector is gone',
    'Wait until the connector is RUNNING',
    'Wait until the initial snapshot is complete',
    'Wait until the tables are snapshotted',
    'Wait until the inserted canary row is in Iceberg',
    'Wait until the updated canary row is changed in Iceberg',
    'Wait until the deleted canary row is gone from Iceberg',
    'Wait until the rows are counted',
  ])
  for (const { name, state, beside } of waits) {
    const asking = beside[onward(state)[0] ?? '']
    if (asking?.Type !== 'Task') throw new Error(`${name} does not go on at a task`)
    const question = beside[onward(asking)[0] ?? '']
    if (question?.Type !== 'Choice') throw new Error(`${name}: no question after the task`)
    expect(question.Default).toBe(name)
    expect(question.Choices).toEqual([expect.objectContaining({ Variable: `${asking.ResultPath}.ready`, BooleanEquals: true })])
    // What the step answered is what it is given the next time.
    expect(asking.Parameters).toMatchObject({ 'previous.$': asking.ResultPath })
  }
})

test('every step that may answer that it is not ready is asked again', () => {
  const folder = join(import.meta.dirname, '..', '..', '..', 'handlers', 'provision')
  const mayWait = provisioningSteps.filter((step) => /\bnotYet\(/.test(readFileSync(join(folder, `${step}.ts`), 'utf8')))
  const asked = all.flatMap(({ state, beside }) => {
    if (state.Type !== 'Wait') return []
    const asking = beside[onward(state)[0] ?? '']
    return asking?.Type === 'Task' ? [asking.Resource] : []
  })
  expect(mayWait.length).toBeGreaterThan(5)
  expect([...new Set(asked)].toSorted()).toEqual(mayWait.map(functionArn).toSorted())
})

test('states stand in the order of execution: only a wait goes back', () => {
  const ways = all.flatMap(({ name, state, beside }) => {
    const order = Object.keys(beside)
    return onward(state).map((next) => ({ from: name, type: state.Type, back: order.indexOf(next) < order.indexOf(name) }))
  })
  expect(ways.filter(({ back }) => back).map(({ type }) => type)).toEqual(
    all.filter(({ state }) => state.Type === 'Wait').map(() => 'Wait'),
  )
})

test('every answer has a place in the state data from the beginning, and comes out of the branches that run beside each other', () => {
  const kept = all.flatMap(({ state }) => (state.Type === 'Task' && state.ResultPath ? [state.ResultPath.replace('$.', '')] : []))
  expect(kept.toSorted()).toEqual(answerKeys.toSorted())
  const first = definition.States[definition.StartAt]
  if (first?.Type !== 'Task') throw new Error('the first state is not a task')
  expect(Object.keys(first.ResultSelector ?? {})).toEqual(['request.$', ...answerKeys])
  const parallels = all.flatMap(({ state }) => (state.Type === 'Parallel' ? [state] : []))
  expect(parallels).toHaveLength(1)
  for (const { Branches, ResultSelector } of parallels) {
    const own = Branches.flatMap((branch, index) =>
      places(branch.States).flatMap(({ state }) => (state.Type === 'Task' ? [[`${state.ResultPath?.replace('$.', '')}.$`, index]] : [])),
    )
    expect(own).toHaveLength(6)
    expect(ResultSelector).toMatchObject(
      Object.fromEntries(own.map(([key, index]) => [key, `$[${index}].${String(key).replace('.$', '')}`])),
    )
    expect(Object.keys(ResultSelector)).toEqual(['request.$', ...answerKeys.map((key) => `${key}.$`)])
  }
})

test('what may take a day and a half is looked at so seldom that its events fit into an execution', () => {
  const seldom = all.flatMap(({ name, state }) => (state.Type === 'Wait' && /snapshot/.test(name) ? [state.Seconds] : []))
  expect(seldom).toHaveLength(2)
  const eventsOfALook = 9
  for (const seconds of seldom) expect(((36 * 60 * 60) / seconds) * eventsOfALook).toBeLessThan(20_000)
})

test('the definition is far from the limit of a megabyte', () => {
  expect(JSON.stringify(definition).length).toBeLessThan(100_000)
})
