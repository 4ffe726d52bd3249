import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn'
import { mockClient } from 'aws-sdk-client-mock'
import { checkTeardown, parseTeardown } from '../../../handlers/teardown/check-teardown.ts'
import { teardownInput } from '../../../pipeline/teardown.ts'
import { asked, place } from '../provision/asked.ts'

const stepFunctions = mockClient(SFNClient)
const { name } = place.plan.connector
const stateMachineArn = place.plan.stateMachines.provisioning
const input = (request: unknown) => ({ ...asked(), request })

beforeEach(() => {
  stepFunctions.reset()
  stepFunctions.on(ListExecutionsCommand).resolves({ executions: [] })
})

test('the input that names the connector is a confirmation', async () => {
  expect(await checkTeardown(input(JSON.parse(teardownInput(name))), place)).toMatchObject({
    ready: true,
    request: { tearDown: name, drain: true },
  })
  expect(await checkTeardown(input({ tearDown: name, drain: false }), place)).toMatchObject({
    seen: `asked to take ${name} down without delivering what is left`,
    request: { tearDown: name, drain: false },
  })
})

test.each<[unknown, string]>([
  [{}, 'it does not say what to take down'],
  [null, 'it does not say what to take down'],
  [[name], 'it does not say what to take down'],
  [{ until: 'Verified' }, 'it does not say what to take down'],
  [{ tearDown: true }, '"tearDown" is true, which is another deployment or none'],
  [{ tearDown: `prod-${name}` }, `"tearDown" is "prod-${name}", which is another deployment or none`],
  [{ tearDown: name, drain: 'no' }, '"drain" is "no"; it may be true, which is the default, or false'],
  [{ tearDown: name, force: true }, '"force" is not known'],
])('the input %j is none: nothing is looked at, and the right one is told', async (given, says) => {
  await expect(checkTeardown(input(given), place)).rejects.toMatchObject({
    name: 'TeardownNotConfirmed',
    message: expect.stringContaining(says),
  })
  expect(() => parseTeardown(given, name)).toThrow(`the input {"tearDown":"${name}"}`)
  expect(stepFunctions.calls()).toEqual([])
})

test('while the provisioning runs, nothing is removed', async () => {
  const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:delivery-ready-1`
  stepFunctions.on(ListExecutionsCommand, { stateMachineArn, statusFilter: 'RUNNING' }).resolves({
    executions: [{ executionArn, stateMachineArn, name: 'delivery-ready-1', status: 'RUNNING', startDate: new Date(0) }],
  })
  await expect(checkTeardown(input({ tearDown: name }), place)).rejects.toMatchObject({
    name: 'ProvisioningRunning',
    message: expect.stringMatching(new RegExp(`delivery-ready-1[^]+stop-execution .+${executionArn}`)),
  })
})
