import { resolve } from 'node:path'
import { defaultDataDirectory } from '../../../local/run/state.ts'
import { type StatusFlags, statusOptions } from '../../../local/status/options.ts'

it('looks at the local run, tables included', () => {
  expect(statusOptions({}, [])).toMatchObject({ dataDirectory: defaultDataDirectory, counts: true, json: false })
  expect(statusOptions({ data: 'elsewhere', quick: true, json: true }, [])).toMatchObject({
    dataDirectory: resolve('elsewhere'),
    counts: false,
    json: true,
  })
})

it.each<[string, StatusFlags]>([
  ['told so', { aws: true }],
  ['given a deployment', { deployment: 'prod.json' }],
  ['given tables', { tables: 'prod-tables.json' }],
])('looks at AWS where it is %s', (_when, flags) => {
  expect(statusOptions(flags, [])).toMatchObject({
    dataDirectory: undefined,
    deploymentFile: resolve(flags.deployment ?? 'deployment.json'),
    tablesFile: resolve(flags.tables ?? 'tables.json'),
  })
})

it.each<[string, StatusFlags, string[], RegExp]>([
  ['both', { aws: true, data: 'x' }, [], /--data is of the local run/],
  ['words', {}, ['now'], /"now" is not an option/],
])('refuses %s', (_what, flags, words, message) => {
  expect(() => statusOptions(flags, words)).toThrow(
    expect.objectContaining({ name: 'InvalidUsage', message: expect.stringMatching(message) }),
  )
})
