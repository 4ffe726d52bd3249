import { resolve } from 'node:path'
import { type ErrorsFlags, errorsOptions } from '../../../local/failed-records/options.ts'
import { defaultDataDirectory } from '../../../local/run/state.ts'

it('lists those of the local run', () => {
  expect(errorsOptions({}, ['list'])).toMatchObject({ act: 'list', dataDirectory: defaultDataDirectory, name: undefined, dryRun: false })
})

it('explains the name that follows', () => {
  expect(errorsOptions({}, ['explain', 'MissingKey'])).toMatchObject({ act: 'explain', name: 'MissingKey' })
})

it('replays a selection at AWS', () => {
  const flags = { aws: true, objects: 'copy', table: 'public.orders', since: '2026-11-22T10:00Z', 'dry-run': true, timeout: '5' }
  expect(errorsOptions(flags, ['replay'])).toMatchObject({
    act: 'replay',
    dataDirectory: undefined,
    deploymentFile: resolve('deployment.json'),
    objects: resolve('copy'),
    table: 'public.orders',
    sinceMs: Date.UTC(2026, 10, 22, 10),
    dryRun: true,
    timeoutMs: 5000,
  })
})

it.each<[string, ErrorsFlags, string[], RegExp]>([
  ['no act', {}, [], /Say one of list, explain, replay/],
  ['another act', {}, ['delete'], /not "delete"/],
  ['two names', {}, ['explain', 'A', 'B'], /takes no "B"/],
  ['a word after replay', {}, ['replay', 'A'], /takes no "A"/],
  ['both places', { aws: true, data: 'x' }, ['list'], /--data is of the local run/],
  ['a dry list', { 'dry-run': true }, ['list'], /--dry-run is of replay/],
  ['no time', { since: 'yesterday' }, ['list'], /--since takes a time/],
  ['no seconds', { timeout: 'soon' }, ['replay'], /--timeout takes a number/],
])('refuses %s', (_what, flags, words, message) => {
  expect(() => errorsOptions(flags, words)).toThrow(
    expect.objectContaining({ name: 'InvalidUsage', message: expect.stringMatching(message) }),
  )
})
