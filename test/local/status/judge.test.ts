import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConnectorFacts, ExecutionFacts, Facts, StreamFacts, TransformFacts } from '../../../local/status/facts.ts'
import { type Hop, judge, verdictOf } from '../../../local/status/judge.ts'
import type { SlotStatus } from '../../../pipeline/slot-status.ts'

const now = new Date('2026-01-31T12:00:00Z')
const judging = { bufferingSeconds: 60, provision: 'npm run provision', region: 'eu-central-1', now }
const runbook = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'runbook.md'), 'utf8')
const runbookHeadings = [...runbook.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading)

const slot: SlotStatus = { active: true, walStatus: 'reserved', lagBytes: 2048, heldBytes: 4096 }
const connector: ConnectorFacts = { arn: 'arn:connector', state: 'RUNNING', runningTasks: 1, erroredTasks: 0, errors: [] }
const stream: StreamFacts = {
  status: 'ACTIVE',
  failure: null,
  offsetLag: 3,
  freshnessSeconds: 4,
  backpressured: 0,
  rowsDelivered: 10,
  rowsFailed: 0,
  refused: 0,
}
const transform: TransformFacts = { ok: 10, dropped: 2, superseded: 1, truncates: 0, failed: 0 }
const execution: ExecutionFacts = {
  arn: 'arn:execution',
  name: 'one',
  status: 'SUCCEEDED',
  startedAt: '2026-01-31T11:00:00Z',
  stoppedAt: '2026-01-31T11:30:00Z',
  at: [],
  error: null,
}
const green: Facts = {
  source: { found: slot },
  connector: { found: connector },
  topic: { found: { status: 'ACTIVE', partitions: 1, endOffsets: ['42'] } },
  stream: { found: stream },
  transform: { found: transform },
  errorBucket: { found: { objects: 0 } },
  tables: { found: [{ source: 'public.orders', iceberg: 'orders', rows: '7', changedAt: '2026-01-31T11:59:00Z' }] },
  executions: { found: { running: [], last: execution } },
}
const running = {
  found: { running: [{ ...execution, status: 'RUNNING', stoppedAt: null, at: ['Look at the connector: CREATING'] }], last: null },
}

function hopOf(name: string, changed: Partial<Facts>): Hop {
  const found = judge({ ...green, ...changed }, judging).find((hop) => hop.name === name)
  if (!found) throw new Error(`no hop ${name}`)
  return found
}

test('a pipeline at work is green, with a line for every hop and nothing to do', () => {
  const hops = judge(green, judging)
  expect(hops.map(({ name, state, says }) => `${state} ${name}: ${says}`)).toEqual([
    'green source: slot read, WAL reserved, 2.0 KiB behind, 4.0 KiB held',
    'green connector: RUNNING, 1 task running',
    'green topic: ACTIVE, 1 partition, ends at offset 42',
    'green delivery stream: ACTIVE, 3 messages behind, freshness 4 s; in the last day 10 rows delivered, 0 failed',
    'green transform: in the last day 10 ok, 2 dropped (1 superseded), 0 failed',
    'green error bucket: 0 objects written in the last day',
    'green tables: 1 captured table',
    'green executions: none running; the last SUCCEEDED 30 min ago',
  ])
  expect(hops.flatMap(({ next }) => next)).toEqual([])
  expect(hopOf('tables', {}).details).toEqual(['public.orders: 7 rows, changed 1 min ago'])
  expect(verdictOf(hops)).toBe('green')
})

test('tables that were not to be counted have no line', () => {
  expect(judge({ ...green, tables: null }, judging).map(({ name }) => name)).not.toContain('tables')
})

const gibibyte = 1024 ** 3
const slotWith = (changed: Partial<SlotStatus>): Partial<Facts> => ({ source: { found: { ...slot, ...changed } } })
const connectorWith = (changed: Partial<ConnectorFacts>): Partial<Facts> => ({ connector: { found: { ...connector, ...changed } } })
const streamWith = (changed: Partial<StreamFacts>): Partial<Facts> => ({ stream: { found: { ...stream, ...changed } } })
const transformWith = (changed: Partial<TransformFacts>): Partial<Facts> => ({ transform: { found: { ...transform, ...changed } } })
const lastWith = (changed: Partial<ExecutionFacts>): Partial<Facts> => ({
  executions: { found: { running: [], last: { ...execution, ...changed } } },
})

describe('red, with the heading of the runbook', () => {
  it.each<[string, string, Partial<Facts>, string[]]>([
    ['a slot that is gone', 'source', { source: { found: null } }, ['SlotLost']],
    ['a slot whose WAL is gone', 'source', slotWith({ walStatus: 'lost', active: false }), ['SlotLost']],
    ['WAL that is about to go', 'source', slotWith({ walStatus: 'unreserved' }), ['slot-disk-usage']],
    ['WAL that fills the volume', 'source', slotWith({ heldBytes: 10 * gibibyte + 1 }), ['slot-disk-usage']],
    ['a connector far behind', 'source', slotWith({ lagBytes: 2 * gibibyte + 1 }), ['slot-lag']],
    ['a slot that nobody reads', 'source', slotWith({ active: false }), ['connector-not-running']],
    ['no connector', 'connector', { connector: { found: null } }, ['connector-not-running']],
    ['a failed connector', 'connector', connectorWith({ state: 'FAILED' }), ['ConnectorFailed']],
    ['a paused connector', 'connector', connectorWith({ state: 'PAUSED', runningTasks: 0 }), ['ConnectorPaused']],
    ['a failed task', 'connector', connectorWith({ runningTasks: 0, erroredTasks: 1 }), ['connector-task-failed']],
    ['no task', 'connector', connectorWith({ runningTasks: 0 }), ['connector-not-running']],
    ['no topic', 'topic', { topic: { found: null } }, ['TopicMismatch']],
    ['no delivery stream', 'delivery stream', { stream: { found: null } }, ['DeliveryStreamMissing']],
    ['a failed delivery stream', 'delivery stream', streamWith({ status: 'CREATING_FAILED' }), ['DeliveryStreamFailed']],
    ['a stream that stopped reading', 'delivery stream', streamWith({ backpressured: 1 }), ['backpressure']],
    ['a stream that falls behind', 'delivery stream', streamWith({ offsetLag: 100_001 }), ['offset-lag']],
    ['late rows', 'delivery stream', streamWith({ freshnessSeconds: 661 }), ['freshness']],
    [
      'failed rows and refused messages',
      'delivery stream',
      streamWith({ rowsFailed: 1, refused: 2 }),
      ['rows-failed', 'failed-validation'],
    ],
    ['failed records', 'transform', transformWith({ failed: 1 }), ['records-failed']],
    ['a dropped truncate', 'transform', transformWith({ truncates: 1 }), ['truncates-dropped']],
    ['objects in the error bucket', 'error bucket', { errorBucket: { found: { objects: 1 } } }, ['error-bucket']],
    ['a query that failed', 'tables', { tables: { error: { name: 'QueryFailed', message: 'why' } } }, ['QueryFailed']],
    ['no state machine', 'executions', { executions: { found: null } }, ['execution-failed']],
    ['no execution ever', 'executions', { executions: { found: { running: [], last: null } } }, ['execution-failed']],
    ['a failed execution', 'executions', lastWith({ status: 'FAILED', error: 'SourceNotReady' }), ['SourceNotReady']],
    ['one that failed by itself', 'executions', lastWith({ status: 'FAILED', error: 'States.Runtime' }), ['execution-failed']],
  ])('%s', (_what, name, changed, headings) => {
    const hop = hopOf(name, changed)
    expect(hop.state).toBe('red')
    expect(hop.next.map(({ heading }) => heading)).toEqual(headings)
    expect(runbookHeadings).toEqual(expect.arrayContaining(headings))
    expect(verdictOf(judge({ ...green, ...changed }, judging))).toBe('red')
  })
})

test('what was logged is shown under the connector', () => {
  expect(hopOf('connector', connectorWith({ state: 'FAILED', errors: ['one', 'two'] })).details).toEqual(['one', 'two'])
})

describe('moving rather than red', () => {
  it.each<[string, string, Partial<Facts>]>([
    [
      'a slot that a connector being created will read',
      'source',
      { ...slotWith({ active: false }), ...connectorWith({ state: 'CREATING' }) },
    ],
    ['a slot that a connector being created will make', 'source', { source: { found: null }, ...connectorWith({ state: 'CREATING' }) }],
    ['a connector that restarts', 'connector', connectorWith({ state: 'RESTARTING', runningTasks: 0 })],
    ['no connector while an execution runs', 'connector', { connector: { found: null }, executions: running }],
    ['a slot that is not read during the initial snapshot', 'source', { ...slotWith({ active: false }), executions: running }],
    ['a delivery stream being created', 'delivery stream', streamWith({ status: 'CREATING' })],
    ['executions', 'executions', { executions: running }],
  ])('%s', (_what, name, changed) => {
    expect(hopOf(name, changed)).toMatchObject({ state: 'moving', next: [] })
  })

  it('is no lost slot, whatever runs', () => {
    expect(hopOf('source', { ...slotWith({ walStatus: 'lost' }), executions: running }).state).toBe('red')
  })
})

test('the states of an execution that runs are told with what was seen there', () => {
  expect(hopOf('executions', { executions: running }).details).toEqual(['one', '  Look at the connector: CREATING'])
})
