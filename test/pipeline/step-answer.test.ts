import { PipelineError } from '../../pipeline/errors.ts'
import type { ExecutionContext, StepAnswer } from '../../pipeline/provisioning.ts'
import { durationText, notYet, ready } from '../../pipeline/step-answer.ts'

const execution: ExecutionContext = { Id: 'arn', Name: 'one', StartTime: '2026-01-01T00:00:00.000Z' }
const at = (time: string) => new Date(`2026-01-01T${time}Z`)
const waited = (since: string): StepAnswer => ({ ready: false, seen: '', since: at(since).toISOString(), did: [], already: [] })
const waiting = {
  what: 'The update of the cluster',
  seen: 'UPDATING',
  usual: '20 to 75 min are usual',
  limitMinutes: 120,
  remedy: 'Look at its operation.',
}

test('the first look begins the wait', () => {
  expect(notYet({ execution, previous: null }, at('01:00:00'), waiting)).toEqual({
    ready: false,
    seen: 'UPDATING for 0 s; 20 to 75 min are usual',
    since: at('01:00:00').toISOString(),
    did: [],
    already: [],
  })
})

test('a later look says for how long', () => {
  const answer = notYet({ execution, previous: waited('01:00:00') }, at('01:12:30'), waiting)
  expect(answer.seen).toBe('UPDATING for 12 min; 20 to 75 min are usual')
  expect(answer.since).toBe(at('01:00:00').toISOString())
})

test('after the limit the error says what was last seen and what to do', () => {
  const look = () => notYet({ execution, previous: waited('01:00:00') }, at('03:00:01'), waiting)
  expect(look).toThrow(PipelineError)
  expect(look).toThrow(
    expect.objectContaining({
      name: 'NotInTime',
      message: expect.stringMatching(
        /^The update of the cluster took longer than 120 min .* last seen: UPDATING\. Look at its operation\./,
      ),
    }),
  )
})

test('a redrive restarts the limit, also for a wait that began before it', () => {
  const redriven = { ...execution, RedriveTime: at('03:00:00').toISOString() }
  const answer = notYet({ execution: redriven, previous: waited('01:00:00') }, at('03:10:00'), waiting)
  expect(answer.since).toBe(at('03:00:00').toISOString())
  expect(answer.seen).toMatch(/^UPDATING for 10 min/)
})

test('a wait that began after the redrive counts from its own beginning', () => {
  const redriven = { ...execution, RedriveTime: at('00:30:00').toISOString() }
  expect(notYet({ execution: redriven, previous: waited('01:00:00') }, at('01:05:00'), waiting).seen).toMatch(/^UPDATING for 5 min/)
})

test('what is there keeps when the wait began', () => {
  expect(ready({ execution, previous: waited('01:00:00') }, at('01:30:00'), { seen: 'ACTIVE', already: ['it was'] })).toEqual({
    ready: true,
    seen: 'ACTIVE',
    since: at('01:00:00').toISOString(),
    did: [],
    already: ['it was'],
  })
})

test.each([
  [0, '0 s'],
  [59_400, '59 s'],
  [59_500, '1 min'],
  [3_600_000, '60 min'],
])('%d ms are %s', (milliseconds, text) => {
  expect(durationText(milliseconds)).toBe(text)
})
