import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { provisioningDefinition } from '../../../../lib/workflow/provisioning.ts'
import { answerKeys, provisioningSteps } from '../../../../pipeline/provisioning.ts'
import { functionArn, onward, places } from '../../../lib/workflow/definitions.ts'

const definition = provisioningDefinition(functionArn, 60)
const all = places(definition.States)

test('every step is a task, and no task is anything else', () => {
  const called = all.flatMap(({ state }) => (state.Type === 'Task' ? [state.Resource] : []))
  expect([...new Set(called)].toSorted()).toEqual(provisioningSteps.map(functionArn).toSorted())
})

test('what is waited for has its own wait', () => {
  const waits = all.filter(({ state }) => state.Type === 'Wait')
  expect(waits.map(({ name }) => name)).toEqual([
    'Wait before the next changes at the source',
    'Wait until the cluster can be updated',
    'Wait until the cluster is ACTIVE',
    'Wait before the next grants',
    'Wait until the topic can be made',
    'Wait until the topic is ACTIVE',
    'Wait until the delivery stream is ACTIVE',
    'Wait until rows without the new columns are delivered',
    'Wait before the next columns',
    'Wait until nothing is left of the lost slot',
    'Wait until the former connector is gone',
    'Wait until the connector is RUNNING',
    'Wait until the initial snapshot is complete',
    'Wait until the tables are snapshotted',
    'Wait until the inserted canary row is in Iceberg',
    'Wait before the next rows are removed',
    'Wait until the updated canary row is changed in Iceberg',
    'Wait until the deleted canary row is gone from Iceberg',
    'Wait until the rows are counted',
  ])
})

test('every step that may answer that it is not ready is asked again', () => {
  const folder = join(import.meta.dirname, '..', '..', '..', '..', 'handlers', 'provision')
  const mayWait = provisioningSteps.filter((step) => /\bnotYet\(/.test(readFileSync(join(folder, `${step}.ts`), 'utf8')))
  const asked = all.flatMap(({ state, beside }) => {
    if (state.Type !== 'Wait') return []
    const asking = beside[onward(state)[0] ?? '']
    return asking?.Type === 'Task' ? [asking.Resource] : []
  })
  expect(mayWait.length).toBeGreaterThan(5)
  expect([...new Set(asked)].toSorted()).toEqual(mayWait.map(functionArn).toSorted())
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
    expect(own).toHaveLength(7)
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
