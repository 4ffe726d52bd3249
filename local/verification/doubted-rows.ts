import { columnCodec } from '../../pipeline/column-types.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { keyTexts } from '../repair/key-texts.ts'

/** A key as verification has it, by its columns' names, in the spellings of `keyTexts`; undefined: it has none. */
export function spelledKey(table: CapturedTable, key: Readonly<Record<string, string>>): string[][] | undefined {
  const row = table.primaryKey.map((name): [string, string] => {
    const column = table.columns.find((one) => one.name === name)
    const text = key[name] ?? ''
    const isBinary = column && columnCodec(column.type, column.iceberg.type) === 'binary'
    return [column?.iceberg.name ?? name, isBinary ? Buffer.from(text, 'hex').toString('base64') : text]
  })
  return keyTexts(table, Object.fromEntries(row))
}
