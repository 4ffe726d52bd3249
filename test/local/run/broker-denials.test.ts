import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokerDenials, brokerDenied } from '../../../local/run/broker-denials.ts'

let logs: string
beforeEach(() => {
  logs = mkdtempSync(join(tmpdir(), 'denials-'))
})
afterEach(() => rmSync(logs, { recursive: true }))

const deny = (time: string, name: string) =>
  appendFileSync(
    join(logs, 'kafka.log'),
    `[2026-11-22 ${time},331] INFO Principal = User:connect is Denied operation = WRITE from host = 127.0.0.1 on resource = Topic:LITERAL:${name} for request = Produce with resourceRefCount = 1 based on rule DefaultDeny (kafka.authorizer.logger:295)\n`,
  )
const since = Date.parse('2026-11-22T10:00:00Z')

test('a refusal of this run makes it fail, with the action that is missing', async () => {
  const refused = brokerDenied({ logs }, since, new AbortController().signal)
  deny('09:00:00', 'before')
  deny('10:00:01', 'events')
  await expect(refused).rejects.toMatchObject({
    name: 'AccessDenied',
    message:
      'Kafka refused what the local run needs. The role connect is not authorized to perform kafka-cluster:WriteData on the topic events, or lacks an action that this requires.',
  })
})

test('without a broker there is nothing to tell, and after the end nobody looks', async () => {
  expect(brokerDenials({ logs }, since)).toEqual([])
  const ending = new AbortController()
  const refused = brokerDenied({ logs }, since, ending.signal)
  ending.abort()
  deny('10:00:01', 'events')
  const later = new Promise((resolve) => setTimeout(() => resolve('nothing'), 700))
  expect(await Promise.race([refused, later])).toBe('nothing')
  expect(brokerDenials({ logs }, since)).toHaveLength(1)
})
