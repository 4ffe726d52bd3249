import type { BroughtTable, DoubtedRows } from '../repair/bring-again.ts'
import { headingOf, runbookSection } from './runbook.ts'
import type { FailedRecord } from './understand.ts'

/** Which failed records are meant. */
export interface Selection {
  readonly name: string | undefined
  /** `schema.table` */
  readonly table: string | undefined
  readonly sinceMs: number | undefined
}

/** Failed records of one name and table. */
export interface Group {
  readonly name: string
  readonly table: string
  readonly count: number
  /** When Firehose took the first and the last of them, as ISO. */
  readonly first: string
  readonly last: string
  /** Different rows that can be brought again; and records that cannot, with the reason of the first. */
  readonly rows: number
  readonly stuck: number
  readonly obstacle: string | undefined
}

const shown = { messages: 5, keys: 10 } as const

/** Of a record of which no table is known. */
export const noTable = '–'

export function selected(records: readonly FailedRecord[], { name, table, sinceMs }: Selection): FailedRecord[] {
  return records.filter(
    (record) =>
      (name === undefined || record.name === name || record.line.errorCode === name) &&
      (table === undefined || record.table === table) &&
      (sinceMs === undefined || record.line.arrivalMs >= sinceMs),
  )
}

/** The records by name and table, those of the last failure first. */
export function grouped(records: readonly FailedRecord[]): { group: Group; members: FailedRecord[] }[] {
  const members = new Map<string, FailedRecord[]>()
  for (const record of records) {
    const key = JSON.stringify([record.name, record.table])
    const same = members.get(key)
    if (same) same.push(record)
    else members.set(key, [record])
  }
  return [...members.values()]
    .map((same) => ({ group: groupOf(same), members: same }))
    .toSorted((one, other) => other.group.last.localeCompare(one.group.last))
}

function groupOf(records: readonly FailedRecord[]): Group {
  const times = records.map(({ line }) => line.arrivalMs).toSorted((one, other) => one - other)
  const stuck = records.filter(({ obstacle }) => obstacle !== undefined)
  return {
    name: records[0]?.name ?? '',
    table: records[0]?.table ?? noTable,
    count: records.length,
    first: time(times[0]),
    last: time(times.at(-1)),
    rows: new Set(records.filter(({ obstacle }) => obstacle === undefined).map(keyOf)).size,
    stuck: stuck.length,
    obstacle: stuck[0]?.obstacle,
  }
}

const time = (milliseconds = 0) => new Date(milliseconds).toISOString()
const keyOf = ({ key }: FailedRecord) => JSON.stringify(key?.[0])

/** The rows of these records by table, each once. */
export function rowsOf(records: readonly FailedRecord[]): DoubtedRows[] {
  const tables = new Map<string, { rows: DoubtedRows; keys: Map<string, NonNullable<FailedRecord['key']>> }>()
  for (const record of records) {
    const { captured: table, key, obstacle } = record
    if (!table || !key || obstacle !== undefined) continue
    const name = `${table.schema}.${table.name}`
    const entry = tables.get(name) ?? { rows: { table, keys: [] }, keys: new Map() }
    tables.set(name, entry)
    entry.keys.set(keyOf(record), key)
  }
  return [...tables.values()].map(({ rows, keys }) => ({ table: rows.table, keys: [...keys.values()] }))
}

/** A table of the groups, for a terminal. */
export function listText(groups: readonly Group[], notUnderstood: readonly string[]): string {
  const lines =
    groups.length === 0
      ? ['No failed records']
      : columns([
          ['name', 'table', 'count', 'first', 'last'],
          ...groups.map(({ name, table, count, first, last }) => [name, table, String(count), first, last]),
        ])
  return `${[...lines, ...notUnderstood.map((sentence) => `not read: ${sentence}`)].join('\n')}\n`
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>((most, row) => row.map((text, index) => Math.max(most[index] ?? 0, text.length)), [])
  return rows.map((row) =>
    row
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** What each group is about, with the keys of its rows. */
export function explainText(groups: readonly { group: Group; members: readonly FailedRecord[] }[], asked: string | undefined): string {
  const texts = groups.map(({ group, members }) => [heading(group), ...about(members), ...repair(group)].join('\n'))
  const names = [...new Set(groups.map(({ group }) => group.name))]
  const meant = names.length === 0 && asked !== undefined ? [asked] : names
  const meanings = meant.map((name) => `${name}\n\n${runbookSection(headingOf(name)) ?? 'the runbook has no heading for it'}`)
  if (names.length === 0) texts.push(asked === undefined ? 'No failed records' : `No failed records of ${asked}`)
  return `${[...texts, ...meanings].join('\n\n')}\n`
}

function heading({ name, table, count, first, last }: Group): string {
  return `${count === 1 ? '1 record' : `${count} records`} ${name} of ${table === noTable ? 'no known table' : table}, ${first === last ? first : `${first} to ${last}`}`
}

function about(members: readonly FailedRecord[]): string[] {
  const messages = [...new Set(members.map(({ message }) => message))].filter((message) => message !== '')
  const keys = [...new Set(members.flatMap((member) => keyText(member) ?? []))]
  return [
    ...some(messages, shown.messages).map((message) => `  ${message}`),
    ...(keys.length === 0 ? [] : [`  rows: ${some(keys, shown.keys).join('; ')}`]),
  ]
}

function keyText({ captured, key }: FailedRecord): string | undefined {
  const texts = key?.[0]
  return texts && captured?.primaryKey.map((column, index) => `${column} = ${texts[index]}`).join(', ')
}

function some(texts: readonly string[], most: number): string[] {
  return texts.length > most ? [...texts.slice(0, most), `and ${texts.length - most} more`] : [...texts]
}

function repair({ rows, stuck, obstacle, name, table }: Group): string[] {
  const options = `--name ${name}${table === noTable ? '' : ` --table ${table}`}`
  return [
    ...(rows > 0 ? [`  once the cause is repaired: npm run errors -- replay ${options}`] : []),
    ...(stuck > 0 ? [`  ${stuck} cannot be replayed: ${obstacle}`] : []),
  ]
}

/** What a replay does, or would do. */
export function replayText(tables: readonly BroughtTable[], stuck: readonly FailedRecord[], isPreview: boolean): string[] {
  const lines = tables.map(({ table, present, absent }) => {
    const read = `${count(present, 'row')} ${isPreview ? 'would be' : present === 1 ? 'was' : 'were'} read again`
    const freed = `${count(absent, 'key')} that the source does not have ${isPreview ? 'would be' : absent === 1 ? 'was' : 'were'} removed from Iceberg`
    return `${table.schema}.${table.name}: ${[...(present > 0 ? [read] : []), ...(absent > 0 ? [freed] : [])].join(', ')}`
  })
  if (lines.length === 0) lines.push('There is nothing to replay')
  const reasons = new Map<string, number>()
  for (const { obstacle = '' } of stuck) reasons.set(obstacle, (reasons.get(obstacle) ?? 0) + 1)
  return [...lines, ...[...reasons].map(([reason, times]) => `${count(times, 'record')} cannot be replayed: ${reason}`)]
}

const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`
