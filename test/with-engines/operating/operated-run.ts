import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkoutDirectory } from '../../../local/engines/paths.ts'
import { startWriting, type Writer } from '../../../local/faults/writer.ts'
import { readTablesFile } from '../../../local/source/tables-file.ts'
import type { Execution } from '../../../local/workflow/execution.ts'
import type { ProvisioningReport } from '../../../pipeline/provisioning.ts'
import { resourceNames } from '../../../pipeline/resource-names.ts'
import type { TableDeclaration } from '../../../pipeline/tables-file.ts'
import { stopAfterEach } from '../provisioning/cut-off.ts'
import { type StartedRun, startRun } from '../whole-path/started-run.ts'
import { throwAway, throwawayFolder } from '../whole-path/throwaway.ts'
import { sampleChanges } from '../whole-path/workload.ts'

/** A run that is changed while somebody writes: its tables.json is its own. */
export interface OperatedRun {
  readonly current: StartedRun
  readonly writer: Writer
  /** As a user does: edits tables.json, and starts again on the same data folder; executions are stopped after these states before one comes through. */
  redeploy(tables: readonly TableDeclaration[], stoppedAfter?: readonly string[]): Promise<void>
  execute(input: unknown): Promise<Execution>
  /** Executions that are stopped, one after each of these states. */
  interrupt(input: unknown, states: readonly string[]): Promise<Execution[]>
  /** Output of the execution that the start ran. */
  readonly report: ProvisioningReport
  /** All that the executions of the run tell, those that were stopped included. */
  readonly told: string
  /** Names of the states that the last execution entered. */
  readonly entered: readonly string[]
  end(): Promise<void>
}

/** The declaration of the sample tables. */
export const samples: readonly TableDeclaration[] = readTablesFile(join(checkoutDirectory, 'tables.json'))?.written.tables ?? []

export async function operate(): Promise<OperatedRun> {
  const folder = throwawayFolder()
  const declarations = throwawayFolder()
  const tablesFile = join(declarations, 'tables.json')
  const start = (tables: readonly TableDeclaration[], stoppedAfter: readonly string[] = []) => {
    writeFileSync(tablesFile, JSON.stringify({ tables }))
    return startRun(folder, { tablesFile }, async (started) => {
      await stopAfterEach(started, {}, stoppedAfter)
    })
  }
  let current: StartedRun | undefined
  let writer: Writer | undefined
  const run = () => {
    if (!current) throw new Error('the run is not started')
    return current
  }
  const executions = () => run().run.aws.workflow.executions
  const machine = () => run().run.aws.account.arn('states', `stateMachine:${resourceNames(run().run.deployment).stateMachine}`)
  const end = async () => {
    try {
      await writer?.stop()
      await current?.stop()
    } finally {
      throwAway(folder)
      throwAway(declarations)
    }
  }
  try {
    current = await start(samples)
    writer = startWriting(current.run.source.url, sampleChanges(6), 20)
  } catch (error) {
    await end()
    throw error
  }
  const writing = writer
  return {
    get current() {
      return run()
    },
    writer: writing,
    async redeploy(tables, stoppedAfter) {
      await run().stop()
      current = undefined
      current = await start(tables, stoppedAfter)
    },
    execute: (input) => executions().ended(executions().start(machine(), JSON.stringify(input)).executionArn),
    interrupt: (input, states) => stopAfterEach(run().run, input, states),
    get report() {
      return JSON.parse(run().run.report)
    },
    get told() {
      return JSON.stringify(executions().list(machine()))
    },
    get entered() {
      const [last] = executions().list(machine())
      return (last?.events ?? []).flatMap(({ stateEnteredEventDetails: entered }) => (entered ? [String(entered['name'])] : []))
    },
    end,
  }
}
