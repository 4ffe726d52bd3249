import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { PipelineError } from '../../../pipeline/errors.ts'
import { replicationSlot } from '../../../pipeline/names.ts'
import type { ProvisioningPlan } from '../../../pipeline/provisioning-plan.ts'
import { slotLossFilter, tellsOfLoss } from '../../../pipeline/snapshot-log.ts'
import { recoverSlot } from '../../../pipeline/source-check.ts'
import { isServiceException } from '../aws-errors.ts'
import { type LogPlace, readLog } from './read-log.ts'

/** What the connector's log tells of a slot that does not reach back to its offsets, up to where it was read. */
export interface SlotLoss {
  /** Whether nothing was begun since it was told. */
  readonly told: boolean
  readonly log: LogPlace
}

/** A task that failed stays so, until somebody looks. */
const lookBackMilliseconds = 7 * 24 * 60 * 60_000

/** Reads on in the log, from a week ago at first. */
export async function readSlotLoss(
  logs: CloudWatchLogsClient,
  { connector }: Pick<ProvisioningPlan, 'connector'>,
  previous: SlotLoss | undefined,
  now: Date,
  isTime: () => boolean,
): Promise<SlotLoss> {
  const before = previous ?? { told: false, log: { newest: now.getTime() - lookBackMilliseconds, ids: [], next: null } }
  const log = { logGroupName: connector.logGroup, filterPattern: slotLossFilter }
  const read = await readLog(logs, log, before.log, isTime).catch((error: unknown) => {
    // Nothing was ever logged.
    if (isServiceException(error) && error.name === 'ResourceNotFoundException') return undefined
    throw error
  })
  if (!read) return before
  const { lines, place } = read
  const last = lines.at(-1)
  return { told: last ? tellsOfLoss(last.message) : before.told, log: place }
}

/** Of a slot that bears the name and is not the one that the connector read. */
export function anotherSlot(): PipelineError {
  return new PipelineError(
    'SlotLost',
    `The replication slot ${replicationSlot} does not reach back to where the connector stopped: it was dropped, and another one was made under its name. ` +
      `Changes in between are missing. ${recoverSlot}.`,
  )
}
