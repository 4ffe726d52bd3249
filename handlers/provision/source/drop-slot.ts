import type { RDSDataClient } from '@aws-sdk/client-rds-data'
import type { ProvisioningPlan } from '../../../pipeline/provisioning-plan.ts'
import { dropSlotQuery } from '../../../pipeline/source-teardown.ts'
import { dataApi, sqlState } from '../data-api.ts'

/** Drops the slot. Whoever prepares the source need not be allowed to replicate; Debezium's role is. False: the slot is still being read. */
export async function dropSlot(rdsData: RDSDataClient, { source }: Pick<ProvisioningPlan, 'source'>): Promise<boolean> {
  try {
    await dataApi(rdsData, source, source.preparationSecret).query(dropSlotQuery)
    return true
  } catch (error) {
    // insufficient_privilege
    if (sqlState(error) !== '42501') return isDropped(error)
  }
  try {
    await dataApi(rdsData, source, source.debeziumSecret).query(dropSlotQuery)
    return true
  } catch (error) {
    return isDropped(error)
  }
}

/** Undefined_object: another execution was first. Object_in_use: it is still being read. */
function isDropped(error: unknown): boolean {
  const state = sqlState(error)
  if (state === '42704') return true
  if (state === '55006') return false
  throw error
}
