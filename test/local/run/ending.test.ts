import { endOf } from '../../../local/run/ending.ts'
import { PipelineError } from '../../../pipeline/errors.ts'

function ended(going: () => Promise<number>) {
  const said: string[] = []
  const code = endOf(going, {
    stop: async () => {
      said.push('(stopped)')
    },
    say: (line) => said.push(line),
    complain: (line) => said.push(`! ${line}`),
  })
  return code.then((value) => ({ code: value, said }))
}

test('what made a run fail is said before what its end leaves behind', async () => {
  const { code, said } = await ended(() => Promise.reject(new PipelineError('SourceUnreachable', 'nobody listens')))
  expect(code).toBe(2)
  expect(said).toEqual([
    '! SourceUnreachable: nobody listens',
    'Stopping …',
    '(stopped)',
    'Stopped. Nothing of the run is left but its data folder.',
  ])
})

test('a bug shows where it is, and a run that ends well says only that it has ended', async () => {
  const bug = await ended(() => Promise.reject(new Error('a bug')))
  expect([bug.code, bug.said[0]]).toEqual([2, expect.stringMatching(/^! Error: a bug\n +at /)])
  const well = await ended(() => Promise.resolve(130))
  expect([well.code, well.said[0]]).toEqual([130, 'Stopping …'])
})

test('what else was seen is said after the failure, once', async () => {
  const said: string[] = []
  await endOf(() => Promise.reject(new PipelineError('AccessDenied', 'the role may not read')), {
    stop: async () => {},
    say: () => {},
    complain: (line) => said.push(line),
    causes: () => ['the role may not read', 'the role may not write'],
  })
  expect(said).toEqual(['AccessDenied: the role may not read', 'the role may not write'])
})
