import type { Client } from 'pg'
import { canaryTable } from '../../pipeline/names.ts'
import { quoteTable, touchCanaryStatement } from '../../pipeline/source-sql.ts'
import { type WalkthroughStep, walkthrough } from '../source/samples.ts'

/** The canary's row that counts the steps done. It is written in each step's own transaction, so a step is never done twice. */
const progressRow = 'walkthrough'

/** How many steps were done at this source. */
export async function stepsDone(client: Client): Promise<number> {
  const { rows } = await client.query<{ value: string }>(`SELECT value FROM ${quoteTable(canaryTable)} WHERE name = $1`, [progressRow])
  return Number(rows[0]?.value ?? 0)
}

export const stepCount = walkthrough.length

/** Does the steps that were not done yet, each in a transaction of its own. */
export async function doSteps(client: Client, before: (step: WalkthroughStep) => void): Promise<void> {
  const done = await stepsDone(client)
  for (const [index, step] of walkthrough.entries()) {
    if (index < done) continue
    before(step)
    await client.query('BEGIN')
    try {
      await client.query(step.sql)
      await client.query(touchCanaryStatement, [progressRow, index + 1])
      await client.query('COMMIT')
    } catch (error) {
      await client.query('ROLLBACK')
      throw error
    }
  }
}
