import { RDSDataClient } from '@aws-sdk/client-rds-data'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { type Finding, outOfLineTables, sourceFindings } from '../../pipeline/source-check.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { dataApiSettings } from '../aws-clients.ts'
import { dataApi } from './data-api.ts'
import { unsnapshottableFindings } from './source/unsnapshottable.ts'
import { type StepPlace, stepHandler } from './step.ts'

/** The state machine shows 32,768 characters of an error's cause; the log has all findings. */
const shownCharacters = 24_000

/** All findings as one message. */
export function findingsText(findings: readonly Finding[]): string {
  const lines = findings.map(({ problem, repair }) => `- ${problem}\n    ${repair}`)
  let text = `The source cannot be captured yet; ${findings.length === 1 ? 'one thing is' : `${findings.length} things are`} to be repaired:`
  for (const [index, line] of lines.entries()) {
    if (text.length + line.length > shownCharacters) return `${text}\n… and ${lines.length - index} more: see the log of this step`
    text += `\n${line}`
  }
  return text
}

const rdsData = new RDSDataClient(dataApiSettings)
export const handler = stepHandler('check-source', checkSource)

/**
 * Asks the source for all that keeps the declared tables from being captured, as the role that prepares it and as Debezium's; changes nothing.
 * @throws PipelineError `SourceNotReady` with every finding and its repair; `SlotLost`, `SnapshotImpossible`; those of `dataApi`
 */
export async function checkSource(request: StepRequest, { plan, now, log }: StepPlace): Promise<StepAnswer> {
  const { source, tables } = plan
  const preparation = dataApi(rdsData, source, source.preparationSecret)
  const debezium = dataApi(rdsData, source, source.debeziumSecret)
  const recovers = request.request.recover === 'lost-slot'
  const found = [
    ...(await sourceFindings(preparation.query, tables, debezium.query)),
    ...(await unsnapshottableFindings(preparation.query, tables, recovers)),
  ]
  const findings = found.filter(({ lostSlot }) => !(recovers && lostSlot))
  for (const { problem, repair } of findings) log.warn(problem, { repair })
  const [first] = findings
  // Told alone: what repairs it is another execution.
  if (findings.length === 1 && first?.lostSlot) throw new PipelineError('SlotLost', `${first.problem}. ${first.repair}`)
  if (findings.length > 0 && findings.every(({ unsnapshottable }) => unsnapshottable))
    throw new PipelineError('SnapshotImpossible', `${findingsText(findings)}\nNothing was changed.`)
  if (findings.length > 0) throw new PipelineError('SourceNotReady', findingsText(findings))
  const captured = tables.filter(({ capture }) => capture)
  const outOfLine = outOfLineTables(captured)
  const notice = outOfLine.length === 0 ? '' : `; ${outOfLineText(outOfLine)}`
  return ready(request, now(), { seen: `the source can be captured: ${captured.length} tables are as declared${notice}` })
}

/** What an update of such a table may do. */
function outOfLineText(tables: readonly string[]): string {
  const few = tables.slice(0, 5).join(', ')
  const names = tables.length > 5 ? `${few} and ${tables.length - 5} more` : few
  return `an update that leaves a large value unchanged fails as UnavailableValue unless the replica identity is full, in ${names}`
}
