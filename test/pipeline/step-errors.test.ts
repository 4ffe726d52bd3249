import { errorNames } from '../../pipeline/errors.ts'
import { provisioningSteps } from '../../pipeline/provisioning.ts'
import { stepErrors, teardownErrors } from '../../pipeline/step-errors.ts'
import { teardownSteps } from '../../pipeline/teardown.ts'
import { errorNamesInSource } from './error-names-in-source.ts'

/** Names that the source of a step can be followed to, and that never come of it. */
const neverReached = new Set([
  // The change counts as lost once its time is over, before the wait does: `CanaryLost` says more.
  'await-canary NotInTime',
])

test.each(provisioningSteps)('%s declares the errors that its source can be followed to, and no others', (step) => {
  const declared = Object.keys(errorNames).filter((name) => stepErrors[step].some((one) => one === name))
  expect(declared).toHaveLength(stepErrors[step].length)
  expect(errorNamesInSource(step).filter((name) => !neverReached.has(`${step} ${name}`))).toEqual(declared)
})

test.each(teardownSteps)('%s declares the errors that its source can be followed to, and no others', (step) => {
  const declared = Object.keys(errorNames).filter((name) => teardownErrors[step].some((one) => one === name))
  expect(declared).toHaveLength(teardownErrors[step].length)
  expect(errorNamesInSource(step, 'teardown')).toEqual(declared)
})

test('every error about provisioning and of the source is one of some step', () => {
  const thrown = new Set<string>([...Object.values(stepErrors), ...Object.values(teardownErrors)].flat())
  const meant = Object.entries(errorNames).flatMap(([name, { about }]) => (about === 'provisioning' || about === 'source' ? [name] : []))
  expect(meant.filter((name) => !thrown.has(name))).toEqual([])
})
