import type { HistoryEvent } from '@aws-sdk/client-sfn'
import { elapsedText, outcomeLines, plainLines, taskLines } from '../../../local/provision/lines.ts'
import { type TaskProgress, taskProgress } from '../../../local/provision/progress.ts'
import { progressDisplay } from '../../../local/provision/show.ts'

/** Writes a history as Step Functions does; times are seconds. */
class History {
  readonly events: HistoryEvent[] = []

  #add(at: number, previousEventId: number, type: HistoryEvent['type'], details: Partial<HistoryEvent> = {}): number {
    const id = this.events.length + 1
    this.events.push({ id, previousEventId, type, timestamp: new Date(at * 1000), ...details })
    return id
  }

  enter(at: number, name: string): number {
    return this.#add(at, this.events.length, 'TaskStateEntered', { stateEnteredEventDetails: { name } })
  }

  invoke(at: number, previous: number): number {
    return this.#add(at, this.#add(at, previous, 'LambdaFunctionScheduled'), 'LambdaFunctionStarted')
  }

  answer(at: number, previous: number, output: object): number {
    return this.#add(at, previous, 'LambdaFunctionSucceeded', { lambdaFunctionSucceededEventDetails: { output: JSON.stringify(output) } })
  }

  fail(at: number, previous: number, error: string, errorMessage: string): number {
    const cause = JSON.stringify({ errorType: error, errorMessage })
    return this.#add(at, previous, 'LambdaFunctionFailed', { lambdaFunctionFailedEventDetails: { error, cause } })
  }
}

const look = 'Look at the cluster'

describe('the progress of an execution', () => {
  it('tells a task that is asked again and again as one that waits, then as done', () => {
    const history = new History()
    history.answer(11, history.invoke(10, history.enter(10, look)), { ready: false, seen: 'UPDATING for 1 s' })
    expect(taskProgress(history.events, true)).toEqual<TaskProgress[]>([
      {
        name: look,
        state: 'waiting',
        startedMs: 10_000,
        lastMs: 11_000,
        looks: 1,
        seen: 'UPDATING for 1 s',
        did: [],
        already: [],
        failure: undefined,
      },
    ])
    history.answer(41, history.invoke(40, history.enter(40, look)), {
      ready: true,
      seen: 'ACTIVE',
      did: ['turned it on'],
      already: ['the policy'],
    })
    expect(taskProgress(history.events, true)).toEqual([
      expect.objectContaining({
        state: 'done',
        startedMs: 10_000,
        lastMs: 41_000,
        looks: 2,
        seen: 'ACTIVE',
        did: ['turned it on'],
        already: ['the policy'],
      }),
    ])
  })

  it('tells branches apart, whose events are mixed', () => {
    const history = new History()
    const [one, other] = [history.enter(1, 'One'), history.enter(1, 'Other')]
    const [first, second] = [history.invoke(1, one), history.invoke(1, other)]
    history.fail(2, second, 'SourceNotReady', 'no publication')
    history.answer(3, first, { ready: true, seen: 'fine' })
    expect(taskProgress(history.events, false)).toEqual([
      expect.objectContaining({ name: 'One', state: 'done' }),
      expect.objectContaining({ name: 'Other', state: 'failed', failure: { error: 'SourceNotReady', cause: 'no publication' } }),
    ])
  })

  it('is waiting while a failure may be tried again, and has failed once the execution has', () => {
    const history = new History()
    history.fail(2, history.invoke(1, history.enter(1, 'Try')), 'AwsUnavailable', 'throttled')
    expect(taskProgress(history.events, true)).toEqual([expect.objectContaining({ state: 'waiting', seen: 'AwsUnavailable: throttled' })])
    expect(taskProgress(history.events, false)).toEqual([expect.objectContaining({ state: 'failed' })])
  })

  it('is running again when a failure is retried', () => {
    const history = new History()
    const failed = history.fail(2, history.invoke(1, history.enter(1, 'Try')), 'AwsUnavailable', 'throttled')
    history.invoke(7, failed)
    expect(taskProgress(history.events, true)).toEqual([
      expect.objectContaining({ state: 'running', failure: { error: 'AwsUnavailable', cause: 'throttled' } }),
    ])
  })
})

const at = (state: TaskProgress['state'], rest: Partial<TaskProgress> = {}): TaskProgress => ({
  name: look,
  state,
  startedMs: 0,
  lastMs: 2000,
  looks: 1,
  seen: undefined,
  did: [],
  already: [],
  failure: undefined,
  ...rest,
})

describe('lines for a person', () => {
  it.each<[TaskProgress, string[]]>([
    [at('running'), ['… Look at the cluster (9.0 s)']],
    [
      at('waiting', { seen: 'UPDATING for 8 s; 20 to 75 min are usual' }),
      ['… Look at the cluster (9.0 s): UPDATING for 8 s; 20 to 75 min are usual'],
    ],
    [at('done', { seen: 'ACTIVE' }), ['✓ Look at the cluster (2.0 s): ACTIVE']],
    [at('done', { seen: 'ACTIVE', did: ['turned connectivity on'] }), ['✓ Look at the cluster (2.0 s)', '    turned connectivity on']],
    [at('failed', { failure: { error: 'NotInTime', cause: 'too long' } }), ['✗ Look at the cluster (2.0 s)', '    NotInTime: too long']],
  ])('%#', (task, lines) => {
    expect(taskLines(task, 9000)).toEqual(lines)
  })

  it('come once for each thing that is seen, whatever its numbers', () => {
    const linesOf = plainLines()
    expect(linesOf([at('running')], 0)).toEqual([])
    expect(linesOf([at('waiting', { seen: 'UPDATING for 1 s' })], 0)).toHaveLength(1)
    expect(linesOf([at('waiting', { seen: 'UPDATING for 20 s' })], 0)).toEqual([])
    expect(linesOf([at('waiting', { seen: 'HEALING for 1 s' })], 0)).toHaveLength(1)
    expect(linesOf([at('done')], 0)).toHaveLength(1)
    expect(linesOf([at('done')], 0)).toEqual([])
  })

  it.each([
    [4200, '4.2 s'],
    [125_000, '2 min 5 s'],
    [2 * 3_600_000 + 300_000, '2 h 5 min'],
  ])('%d ms are %s', (milliseconds, text) => {
    expect(elapsedText(milliseconds)).toBe(text)
  })

  const ended = { startDate: new Date(0), stopDate: new Date(90_000), executionArn: 'e', stateMachineArn: 'm' }
  it('say how an execution ended', () => {
    const output = {
      reached: 'Verified',
      did: [],
      already: ['the topic'],
      rows: { orders: 7 },
      latencies: { insert: 2 },
      query: 'SELECT 1',
    }
    expect(outcomeLines({ ...ended, status: 'SUCCEEDED', output: JSON.stringify(output) })).toEqual([
      'SUCCEEDED after 1 min 30 s: Verified',
      'Nothing had to be changed.',
      'Already as wanted:',
      '  the topic',
      'Rows:',
      '  orders: 7',
      'Seen in Iceberg after: insert 2 s',
      'Query next: SELECT 1',
    ])
    const cause = JSON.stringify({ errorType: 'NotInTime', errorMessage: 'too long' })
    const down = {
      outcome: 'the pipeline is down',
      did: ['deleted the connector'],
      already: [],
      undelivered: 'the last minute',
      kept: [{ what: 'the bucket', remove: 'aws s3 rb' }],
      next: ['npx cdk destroy --all'],
    }
    expect(outcomeLines({ ...ended, status: 'SUCCEEDED', output: JSON.stringify(down) })).toEqual([
      'SUCCEEDED after 1 min 30 s: the pipeline is down',
      'Done:',
      '  deleted the connector',
      'May be missing in Iceberg: the last minute',
      'Kept, and what would delete it:',
      '  the bucket',
      '    aws s3 rb',
      'Run next:',
      '  npx cdk destroy --all',
    ])
    expect(outcomeLines({ ...ended, status: 'FAILED', error: 'NotInTime', cause })).toEqual([
      'FAILED after 1 min 30 s: NotInTime',
      '  too long',
    ])
  })
})

describe('the display', () => {
  const shown = (isTTY: boolean) => {
    let text = ''
    const display = progressDisplay(
      { isTTY, columns: 40, write: (part: string | Uint8Array) => ((text += String(part)), true) },
      () => 3000,
    )
    display.show([at('done', { name: 'First' }), at('waiting', { seen: 'a line that is longer than the terminal is wide' })])
    display.show([at('done', { name: 'First' }), at('done')])
    return text
  }

  it('adds lines where it cannot overwrite', () => {
    expect(shown(false)).toBe(
      '✓ First (2.0 s)\n… Look at the cluster (3.0 s): a line that is longer than the terminal is wide\n✓ Look at the cluster (2.0 s)\n',
    )
  })

  it('overwrites what goes on, cut to the width, on a terminal', () => {
    expect(shown(true)).toBe('✓ First (2.0 s)\n… Look at the cluster (3.0 s): a line …\n\u001b[1A\u001b[0J✓ Look at the cluster (2.0 s)\n')
  })
})
