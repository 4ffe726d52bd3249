import { resolve } from 'node:path'
import { type ProvisionFlags, provisionOptions } from '../../../local/provision/options.ts'

const execution = 'arn:aws:states:us-east-1:111122223333:execution:aurora-cdc-provisioning:one'

it('starts an execution that does everything, of the state machine of deployment.json', () => {
  expect(provisionOptions({}, [])).toEqual({
    dataDirectory: undefined,
    watch: undefined,
    stateMachine: undefined,
    deploymentFile: resolve('deployment.json'),
    input: '{}',
  })
})

it('takes the local run where it is told to', () => {
  expect(provisionOptions({ local: true }, [])).toMatchObject({ dataDirectory: resolve('.data') })
  expect(provisionOptions({ local: true, data: 'elsewhere' }, [])).toMatchObject({ dataDirectory: resolve('elsewhere') })
})

it('takes down what the deployment file describes, with an input that names it', () => {
  expect(provisionOptions({ 'tear-down': true, local: true }, [])).toMatchObject({ input: undefined, stateMachine: undefined })
})

it.each<[string, ProvisionFlags, RegExp]>([
  ['a folder without --local', { data: 'x' }, /--data goes with --local/],
  ['an execution with an input', { watch: execution, input: '{}' }, /--watch joins an execution/],
  ['an execution with a state machine', { watch: execution, 'state-machine': 'arn' }, /--watch joins an execution/],
  ['a name in place of an ARN', { watch: 'one' }, /--watch takes the ARN/],
  ['a teardown with an input', { 'tear-down': true, input: '{}' }, /--tear-down has a state machine and an input of its own/],
  ['a teardown of another state machine', { 'tear-down': true, 'state-machine': 'arn' }, /--tear-down has a state machine/],
  ['a teardown with an execution', { 'tear-down': true, watch: execution }, /--tear-down has a state machine/],
  ['an input that is not JSON', { input: '{' }, /--input is not JSON/],
])('refuses %s', (_what, flags, message) => {
  expect(() => provisionOptions(flags, [])).toThrow(
    expect.objectContaining({ name: 'InvalidUsage', message: expect.stringMatching(message) }),
  )
})

it('refuses words', () => {
  expect(() => provisionOptions({}, ['start'])).toThrow(/"start" is not an option/)
})
