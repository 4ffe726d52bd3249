import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { RDSDataClient } from '@aws-sdk/client-rds-data'
import { PipelineError } from '../../pipeline/errors.ts'
import { replicationSlot } from '../../pipeline/names.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { afterLine, noSnapshot, progressText, type SnapshotProgress, snapshotFilter } from '../../pipeline/snapshot-log.ts'
import { slotQuery } from '../../pipeline/source-sql.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { slotMadeStatement } from '../../pipeline/table-snapshots.ts'
import { clientSettings, dataApiSettings } from '../aws-clients.ts'
import { anotherSlot, readSlotLoss, type SlotLoss } from './connector/lost-slot.ts'
import { type LogPlace, readLog } from './connector/read-log.ts'
import { dataApi } from './data-api.ts'
import { type StepPlace, stepHandler } from './step.ts'

/** What is known of the snapshot, from one look to the next. */
export interface SnapshotAnswer extends StepAnswer {
  readonly progress: SnapshotProgress
  /** Looks in a row that saw the slot being read. */
  readonly activeLooks: number
  /** Looks in a row at which nobody read the slot, and nothing was logged of a snapshot. */
  readonly idleLooks: number
  /** Whether it is noted at the source that there is a slot. */
  readonly noted: boolean
  readonly loss?: SlotLoss
  readonly log: LogPlace
}

/**
 * Why the snapshot is over, as a sentence; undefined: it is not. The slot is read from the moment when streaming begins, which is after the
 * snapshot. The log says which; where it does not, further looks exclude that the reader is one about to be replaced.
 */
export function snapshotOutcome(active: boolean, activeLooks: number, progress: SnapshotProgress): string | undefined {
  if (!active) return undefined
  const { phase, streaming } = progress
  if (phase === 'completed') return `the initial snapshot is complete (${progressText(progress)}), and the slot is being read`
  if (phase === 'skipped') return 'the initial snapshot was made before, and the slot is being read'
  if (streaming) return 'the connector streams, and the slot is being read'
  if (phase === 'none' && activeLooks >= 2) return 'the slot is being read, and nothing was logged of a snapshot: it was made before'
  if (activeLooks >= 4)
    return `the slot is being read, which begins after the snapshot; its log did not tell of the end (MSK Connect drops lines): ${progressText(progress)} were seen`
  return undefined
}

/** A failure that Debezium does not follow by another try within this time is final. */
const settledMilliseconds = 60_000

/** A task that starts logs it within seconds; looks are a minute apart. */
const suspiciousLooks = 3

/** What a call reads of the log before it answers. */
const callMilliseconds = 7000

const rdsData = new RDSDataClient(dataApiSettings)
const logs = new CloudWatchLogsClient(clientSettings)
export const handler = stepHandler('await-snapshot', awaitSnapshot)

/**
 * Looks whether the initial snapshot has ended: at the replication slot and at the connector's log.
 * @throws PipelineError `SnapshotFailed`, `SlotLost`, `NotInTime`, those of `dataApi`
 */
export async function awaitSnapshot(request: StepRequest<object, SnapshotAnswer>, { plan, now }: StepPlace): Promise<SnapshotAnswer> {
  const { previous, execution } = request
  // A connector's clock may be behind a little.
  const begin = { newest: Date.parse(execution.StartTime) - 60_000, ids: [], next: null }
  const until = now().getTime() + callMilliseconds
  const { lines, place } = await readLog(
    logs,
    { logGroupName: plan.connector.logGroup, filterPattern: snapshotFilter },
    previous?.log ?? begin,
    () => now().getTime() < until,
  )
  const read = {
    log: place,
    progress: lines.reduce((progress, { message }) => afterLine(progress, message), previous?.progress ?? noSnapshot),
  }
  const source = dataApi(rdsData, plan.source, plan.source.preparationSecret)
  const [slot] = await source.query(slotQuery)
  const isNoted = previous?.noted === true
  if (slot && !isNoted) await source.execute(slotMadeStatement)
  const active = slot?.['active'] === 'true'
  const activeLooks = active ? (previous?.activeLooks ?? 0) + 1 : 0
  const isIdle = !active && (read.progress.phase === 'none' || read.progress.phase === 'failed')
  const idleLooks = isIdle ? (previous?.idleLooks ?? 0) + 1 : 0
  const state = { ...read, activeLooks, idleLooks, noted: isNoted || slot !== undefined }
  const outcome = snapshotOutcome(active, activeLooks, read.progress)
  if (outcome !== undefined) return { ...ready(request, now(), { seen: outcome }), ...state }
  // Where all is copied again, what was told of the slot before is no matter any more.
  if (idleLooks >= suspiciousLooks && request.request.recover === null) {
    const loss = await readSlotLoss(logs, plan, previous?.loss, now(), () => now().getTime() < until)
    if (loss.told && loss.log.next === null) throw anotherSlot()
    Object.assign(state, { loss })
  }
  if (!active && read.progress.phase === 'failed' && now().getTime() - read.log.newest > settledMilliseconds)
    throw new PipelineError(
      'SnapshotFailed',
      `The connector ${plan.connector.name} failed in its initial snapshot, and did not begin again: ${read.progress.reason}. More is in the log group ${plan.connector.logGroup}`,
    )
  return { ...waiting(request, now(), slotText(slot !== undefined, active), read.progress), ...state }
}

function slotText(exists: boolean, active: boolean): string {
  if (!exists) return `there is no slot ${replicationSlot} yet`
  return active
    ? `the slot ${replicationSlot} is being read, and the log does not tell of the end`
    : `the slot ${replicationSlot} is not being read yet`
}

function waiting(request: StepRequest<object, SnapshotAnswer>, now: Date, slot: string, progress: SnapshotProgress): StepAnswer {
  return notYet(request, now, {
    what: 'The initial snapshot',
    seen: progress.phase === 'none' ? slot : `${progressText(progress)}; ${slot}`,
    usual: 'a minute for each few million rows is usual',
    limitMinutes: 36 * 60,
    remedy: "See the connector's log for what it does, and pg_stat_activity at the source for what it waits for.",
  })
}
