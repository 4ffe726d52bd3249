import { setTimeout as sleep } from 'node:timers/promises'
import { runStages, type Stage } from '../../../local/run/stages.ts'

const recorded = (log: string[], title: string, milliseconds: number, failure?: Error): Stage<object> => ({
  title,
  run: async () => {
    log.push(`${title} starts`)
    await sleep(milliseconds)
    if (failure) throw failure
    log.push(`${title} ends`)
  },
})

test('stages run in order, parts of a parallel one side by side', async () => {
  const log: string[] = []
  await runStages(
    [recorded(log, 'a', 5), { title: 'b', parallel: [recorded(log, 'c', 20), recorded(log, 'd', 1)] }, recorded(log, 'e', 1)],
    {},
  )
  expect(log).toEqual(['a starts', 'a ends', 'c starts', 'd starts', 'd ends', 'c ends', 'e starts', 'e ends'])
})

test('a failure is thrown only after the parts beside it have ended, and nothing is started after it', async () => {
  const log: string[] = []
  const failure = new Error('no')
  const stages = [{ title: 'b', parallel: [recorded(log, 'c', 1, failure), recorded(log, 'd', 20)] }, recorded(log, 'e', 1)]
  await expect(runStages(stages, {})).rejects.toBe(failure)
  expect(log).toEqual(['c starts', 'd starts', 'd ends'])
})
