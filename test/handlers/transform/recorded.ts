import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CapturedTable, parseTables } from '../../../pipeline/tables.ts'

export interface RecordedMessage {
  readonly value: string | null
  readonly truth: { readonly before: TruthRow | null; readonly after: TruthRow | null } | null
}

/** By column, PostgreSQL's own text. */
export type TruthRow = Readonly<Record<string, string | null>>

export interface RecordedTable {
  readonly table: CapturedTable
  readonly messages: readonly RecordedMessage[]
}

const directory = join(import.meta.dirname, '..', '..', 'fixtures', 'change-events')

type Line = RecordedMessage & { readonly table?: unknown }

function linesOf(file: string): Line[] {
  return readFileSync(join(directory, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): Line => JSON.parse(line))
}

/** Every recorded table of the user's (not the pipeline's own) with its messages in the topic's order. */
export function recordedTables(): RecordedTable[] {
  const files = readdirSync(directory).filter(
    (file) => file.endsWith('.jsonl') && !file.startsWith('cdc.') && file !== 'without-a-row.jsonl',
  )
  return files.map((file) => {
    const [first, ...messages] = linesOf(file)
    const [table] = parseTables({ tables: [first?.table] }, file)
    if (!table) throw new Error(`${file} declares no table`)
    return { table, messages }
  })
}

/** Messages that concern no row: heartbeats, logical messages, the signal table's. */
export function messagesWithoutRow(): RecordedMessage[] {
  return linesOf('without-a-row.jsonl')
}
