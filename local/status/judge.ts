import { isErrorName } from '../../pipeline/errors.ts'
import { durationText } from '../../pipeline/step-answer.ts'
import { freshnessThreshold, thresholds } from '../../pipeline/watched.ts'
import type { Asked, ConnectorFacts, ExecutionFacts, Facts, MachineFacts, StreamFacts, TransformFacts } from './facts.ts'
import { agoText, bytesText, counted } from './words.ts'

/** Moving: something is under way that explains it; it needs no more than time. */
export type HopState = 'green' | 'moving' | 'red'

/** One line of the status. */
export interface Hop {
  readonly name: string
  readonly state: HopState
  readonly says: string
  /** More lines under it. */
  readonly details: readonly string[]
  /** What to do: headings of the runbook, and perhaps a command. Only where it is red. */
  readonly next: readonly Next[]
}

export interface Next {
  readonly why: string
  /** Of docs/runbook.md. */
  readonly heading: string
  readonly command?: string
}

export interface Judging {
  /** Of the delivery stream. */
  readonly bufferingSeconds: number
  /** The command that starts an execution. */
  readonly provision: string
  readonly region: string
  readonly now: Date
}

/** Every hop from the WAL to the row, judged. */
export function judge(facts: Facts, judging: Judging): Hop[] {
  const moving = isMoving(facts)
  const hops = [
    hop('source', facts.source, (slot) => judgeSource(slot, facts.connector, judging)),
    hop('connector', facts.connector, (connector) => judgeConnector(connector, judging)),
    hop('topic', facts.topic, (topic) => judgeTopic(topic, judging)),
    hop('delivery stream', facts.stream, (stream) => judgeStream(stream, judging)),
    hop('transform', facts.transform, judgeTransform),
    hop('error bucket', facts.errorBucket, ({ objects }) => {
      const says = `${counted(objects, 'object')} written in the last day`
      return objects === 0 ? green(says) : red(says, { why: 'changes that are in no table', heading: 'error-bucket' })
    }),
    ...(facts.tables === null
      ? []
      : [
          hop('tables', facts.tables, (tables) => ({
            ...green(counted(tables.length, 'captured table')),
            details: tables.map(
              ({ source, iceberg, rows, changedAt }) =>
                `${source}${iceberg === source.split('.')[1] ? '' : ` (${iceberg})`}: ${rows} rows, ${changedAt === null ? 'never changed' : `changed ${agoText(changedAt, judging.now)}`}`,
            ),
          })),
        ]),
    hop('executions', facts.executions, (machine) => judgeExecutions(machine, judging)),
  ]
  return hops.map((one) =>
    moving && one.state === 'red' && one.next.every(({ heading }) => isMade.has(heading)) ? { ...one, state: 'moving', next: [] } : one,
  )
}

/** Red as soon as one hop is. */
export function verdictOf(hops: readonly Hop[]): 'green' | 'red' {
  return hops.some(({ state }) => state === 'red') ? 'red' : 'green'
}

/** What an execution that runs is about to make or to start by itself. */
const isMade: ReadonlySet<string> = new Set([
  'connector-not-running',
  'connector-task-failed',
  'ConnectorFailed',
  'TopicMismatch',
  'DeliveryStreamMissing',
])

function isMoving({ executions }: Facts): boolean {
  return 'found' in executions && (executions.found?.running.length ?? 0) > 0
}

type Judged = Omit<Hop, 'name'>

function hop<T>(name: string, asked: Asked<T>, judged: (found: T) => Judged): Hop {
  if ('found' in asked) return { name, ...judged(asked.found) }
  const { error } = asked
  return { name, ...red(`could not be asked: ${error.name}`, { why: error.message, heading: error.name }) }
}

const green = (says: string): Judged => ({ state: 'green', says, details: [], next: [] })
const moves = (says: string): Judged => ({ state: 'moving', says, details: [], next: [] })
const red = (says: string, ...next: Next[]): Judged => ({ state: 'red', says, details: [], next })

/** Red for every reason that holds. */
function redIf(says: string, reasons: readonly (readonly [boolean, Next])[]): Judged {
  const next = reasons.filter(([holds]) => holds).map(([, one]) => one)
  return next.length === 0 ? green(says) : red(says, ...next)
}

const underWay = /^(CREATING|UPDATING|RESTARTING|PAUSING|RESUMING|DELETING)$/

type Found<Key extends keyof Facts> = Facts[Key] extends Asked<infer T> ? T : never

function judgeSource(slot: Found<'source'>, asked: Facts['connector'], { provision }: Judging): Judged {
  const connector = 'found' in asked ? asked.found : null
  if (slot === null) {
    if (connector === null)
      return red('no replication slot', { why: 'nothing is captured yet', heading: 'connector-not-running', command: provision })
    if (connector.state === 'CREATING') return moves('no replication slot yet')
    return red('no replication slot', { why: 'the connector has lost its slot: changes are missing', heading: 'SlotLost' })
  }
  const { active, walStatus, lagBytes, heldBytes } = slot
  const says = `slot ${active ? 'read' : 'not read'}, WAL ${walStatus}, ${bytesText(lagBytes)} behind, ${bytesText(heldBytes)} held`
  if (walStatus === 'lost') return red(says, { why: 'PostgreSQL has dropped WAL that was not captured', heading: 'SlotLost' })
  const full: (readonly [boolean, Next])[] = [
    [walStatus === 'unreserved', { why: 'PostgreSQL is about to drop WAL that is not captured', heading: 'slot-disk-usage' }],
    [heldBytes > thresholds.slotHeldBytes, { why: 'the slot fills the volume of the source', heading: 'slot-disk-usage' }],
    [lagBytes > thresholds.slotLagBytes, { why: 'the connector is far behind', heading: 'slot-lag' }],
  ]
  const filling = redIf(says, full)
  if (active || filling.state === 'red') return filling
  if (connector !== null && underWay.test(connector.state)) return moves(says)
  return red(says, { why: 'nothing reads the slot: WAL piles up at the source', heading: 'connector-not-running' })
}

function judgeConnector(connector: ConnectorFacts | null, { provision, region }: Judging): Judged {
  if (connector === null)
    return red('there is none', { why: 'it is made by an execution', heading: 'connector-not-running', command: provision })
  const { arn, state, runningTasks, erroredTasks, errors } = connector
  const tasks =
    runningTasks === null
      ? 'no count of its tasks'
      : `${counted(runningTasks, 'task')} running${erroredTasks === null || erroredTasks === 0 ? '' : `, ${erroredTasks} failed`}`
  const says = `${state}, ${tasks}`
  const judged = (): Judged => {
    if (state === 'FAILED') return red(says, { why: 'it has failed', heading: 'ConnectorFailed', command: provision })
    if (state === 'PAUSED') {
      const command = `aws kafkaconnect resume-connector --region ${region} --connector-arn ${arn}`
      return red(says, { why: 'somebody paused it: WAL piles up at the source', heading: 'ConnectorPaused', command })
    }
    if (state !== 'RUNNING') return moves(says)
    return redIf(says, [
      [(erroredTasks ?? 0) > 0, { why: 'its task has failed', heading: 'connector-task-failed' }],
      [(erroredTasks ?? 0) === 0 && runningTasks === 0, { why: 'its task does not run', heading: 'connector-not-running' }],
    ])
  }
  return { ...judged(), details: errors }
}

function judgeTopic(topic: Found<'topic'>, { provision }: Judging): Judged {
  if (topic === null) return red('there is none', { why: 'it is made by an execution', heading: 'TopicMismatch', command: provision })
  const { status, partitions, endOffsets } = topic
  const says = `${status}, ${counted(partitions, 'partition')}${endOffsets === null ? '' : `, ends at offset ${endOffsets.join(', ')}`}`
  return status === 'ACTIVE' ? green(says) : moves(says)
}

function judgeStream(stream: StreamFacts | null, { bufferingSeconds }: Judging): Judged {
  if (stream === null) return red('there is none', { why: 'the stack CdcFirehose makes it', heading: 'DeliveryStreamMissing' })
  const { status, failure, offsetLag, freshnessSeconds, backpressured, rowsDelivered, rowsFailed, refused } = stream
  const lag = offsetLag === null ? 'no measurement of its lag' : `${counted(offsetLag, 'message')} behind`
  const fresh = freshnessSeconds === null ? '' : `, freshness ${durationText(freshnessSeconds * 1000)}`
  const says = `${status}, ${lag}${fresh}; in the last day ${counted(rowsDelivered, 'row')} delivered, ${rowsFailed} failed`
  if (status === 'CREATING') return moves(says)
  if (status !== 'ACTIVE') return red(says, { why: failure ?? `it is ${status}`, heading: 'DeliveryStreamFailed' })
  return redIf(says, [
    [(backpressured ?? 0) > 0, { why: 'it has stopped reading', heading: 'backpressure' }],
    [(offsetLag ?? 0) > thresholds.offsetLag, { why: 'it falls behind the topic', heading: 'offset-lag' }],
    [(freshnessSeconds ?? 0) > freshnessThreshold(bufferingSeconds), { why: 'rows reach the tables late', heading: 'freshness' }],
    [rowsFailed > 0, { why: 'rows could not be written', heading: 'rows-failed' }],
    [refused > 0, { why: 'messages were refused', heading: 'failed-validation' }],
  ])
}

function judgeTransform({ ok, dropped, superseded, truncates, failed }: TransformFacts): Judged {
  const says = `in the last day ${ok} ok, ${dropped} dropped (${superseded} superseded), ${failed} failed`
  return redIf(says, [
    [failed > 0, { why: 'change events could not be turned into rows', heading: 'records-failed' }],
    [truncates > 0, { why: 'a truncate was dropped: a table keeps rows that the source does not have', heading: 'truncates-dropped' }],
  ])
}

function judgeExecutions(machine: MachineFacts | null, { now, provision }: Judging): Judged {
  if (machine === null)
    return red('no state machine', { why: 'the stacks are not deployed', heading: 'execution-failed', command: 'npx cdk deploy --all' })
  const { running, last } = machine
  if (running.length > 0) {
    const details = running.flatMap(({ name, at }) => [name, ...at.map((state) => `  ${state}`)])
    return { ...moves(`${counted(running.length, 'execution')} running`), details }
  }
  if (last === null)
    return red('none was ever started', { why: 'the pipeline is not provisioned', heading: 'execution-failed', command: provision })
  const says = `none running; the last ${last.status} ${agoText(last.stoppedAt ?? last.startedAt, now)}`
  return last.status === 'SUCCEEDED' ? green(says) : redExecution(says, last, provision)
}

function redExecution(says: string, { error, status }: ExecutionFacts, provision: string): Judged {
  return red(`${says}${error === null ? '' : `: ${error}`}`, {
    why: status === 'ABORTED' ? 'it was stopped before it was done' : 'what it was to do is not done',
    heading: error !== null && isErrorName(error) ? error : 'execution-failed',
    command: provision,
  })
}
