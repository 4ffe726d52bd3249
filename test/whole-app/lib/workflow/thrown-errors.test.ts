import { errorNames } from '../../../../pipeline/errors.ts'
import { stepErrors } from '../../../../pipeline/step-errors.ts'
import { allIsWell, aws } from '../../../lib/workflow/thrown/aws.ts'
import { catalogRows } from '../../../lib/workflow/thrown/catalog.ts'
import { clusterRows } from '../../../lib/workflow/thrown/cluster.ts'
import { connectorRows } from '../../../lib/workflow/thrown/connector.ts'
import { everySource, everyStep } from '../../../lib/workflow/thrown/every-step.ts'
import { runWith } from '../../../lib/workflow/thrown/machine.ts'
import { pass, start, type ThrownRow } from '../../../lib/workflow/thrown/row.ts'
import { verificationRows } from '../../../lib/workflow/thrown/verification.ts'

// Each error really thrown by the step itself, for AWS's own reason, in the machine as it is deployed.

const rows: readonly ThrownRow[] = [...everyStep, ...everySource, ...clusterRows, ...catalogRows, ...connectorRows, ...verificationRows]

beforeEach(() => {
  const but = ['nextTick', 'setImmediate', 'clearImmediate', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const
  jest.useFakeTimers({ now: start, doNotFake: [...but, 'queueMicrotask', 'hrtime', 'performance'] })
})
afterEach(() => {
  jest.useRealTimers()
  jest.restoreAllMocks()
})

test('there is a row for each error of each step', () => {
  const shown = rows.map(({ step, error }) => `${step} ${error}`)
  const declared = Object.entries(stepErrors).flatMap(([step, names]) => names.map((name) => `${step} ${name}`))
  expect(shown.toSorted()).toEqual(declared.toSorted())
})

/** Runs a row, with AWS as the row has it for the first looks and well after that. */
function run({ step, input = {}, arrange, minutes = 0 }: ThrownRow, looksInVain = Number.POSITIVE_INFINITY) {
  return runWith(step, input, (call, payload) => {
    const change = /"change":"(insert|update|delete)"/.exec(JSON.stringify(payload))?.[1]
    allIsWell(change === 'insert' || change === 'update' || change === 'delete' ? change : undefined)
    if (call > 1) pass(minutes * 60)
    if (call <= looksInVain) arrange()
  })
}

const failing = rows.filter(({ error }) => errorNames[error].workflow === 'fail')
const passing = rows.filter(({ error }) => errorNames[error].workflow !== 'fail')

test.each(failing.map((row) => [row.step, row.error, row] as const))('%s: %s fails at once', async (step, error, row) => {
  const { outcome, calls, entered } = await run(row)
  if (outcome.status !== 'FAILED') throw new Error(`the execution is ${outcome.status}`)
  const { errorType, errorMessage }: { errorType: string; errorMessage: string } = JSON.parse(outcome.cause)
  expect({ error: outcome.error, errorType, errorMessage }).toEqual({
    error,
    errorType: error,
    errorMessage: expect.stringContaining(row.says),
  })
  // Looks before the error were answered; it came once, and nothing came after it.
  const answered = Array.from({ length: (row.look ?? 1) - 1 }, () => undefined)
  expect(calls.map((call) => call.error)).toEqual([...answered, error])
  const state = calls.at(-1)?.state ?? ''
  expect(entered.filter((name) => name === state)).toHaveLength(row.look ?? 1)
  expect(entered).not.toContain('Report what was done')
  expect(step).toBe(row.step)
})

test.each(passing.map((row) => [row.step, row.error, row] as const))(
  '%s: %s is tried again, and the execution goes on once it has passed',
  async (_, error, row) => {
    const { outcome, calls, entered } = await run(row, 3)
    expect(outcome).toMatchObject({ status: 'SUCCEEDED' })
    expect(calls.slice(0, 4).map((call) => call.error)).toEqual([error, error, error, undefined])
    expect(calls.slice(4).map((call) => call.error)).not.toContain(error)
    expect(new Set(calls.slice(0, 4).map(({ state }) => state)).size).toBe(1)
    expect(entered.at(-1)).toBe('Report what was done')
  },
)

test('what never passes fails under its own name once the tries are used up', async () => {
  const row = rows.find(({ step, error }) => step === 'check-catalog' && error === 'AwsUnavailable')
  if (!row) throw new Error('no such row')
  const { outcome, calls } = await run(row)
  expect(outcome).toMatchObject({ status: 'FAILED', error: 'AwsUnavailable', cause: expect.stringContaining(row.says) })
  expect(calls).toHaveLength(9)
})

test('a bug is not tried again', async () => {
  const bug = new TypeError('x is not a function')
  const row: ThrownRow = {
    step: 'check-catalog',
    error: 'AwsUnavailable',
    says: '',
    arrange: () => void aws.glue.onAnyCommand().rejects(bug),
  }
  const { outcome, calls } = await run(row)
  expect(outcome).toMatchObject({ status: 'FAILED', error: 'TypeError' })
  expect(calls).toHaveLength(1)
})
