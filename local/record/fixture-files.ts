import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TableDeclaration } from '../../pipeline/tables-file.ts'
import type { RecordedEvent } from './recording.ts'

/** `<schema>.<table>.jsonl`, with `_` for what a file name should not hold. */
export function fixtureName({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${`${schema}.${name}`.replaceAll(/[^A-Za-z0-9._-]/g, '_')}.jsonl`
}

/** Removes the fixtures of an earlier recording; the folder's README stays. */
export function clearFixtures(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const file of readdirSync(folder)) {
    if (file.endsWith('.jsonl') || file === 'provenance.json') rmSync(join(folder, file))
  }
}

/** The table's declaration on the first line, then a line for each event. Returns the bytes written. */
export function writeFixture(folder: string, name: string, table: TableDeclaration | undefined, events: readonly RecordedEvent[]): number {
  const lines = [...(table ? [{ table }] : []), ...events].map((line) => JSON.stringify(line))
  const text = `${lines.join('\n')}\n`
  writeFileSync(join(folder, name), text)
  return Buffer.byteLength(text)
}

export function writeProvenance(folder: string, provenance: Readonly<Record<string, unknown>>): void {
  writeFileSync(join(folder, 'provenance.json'), `${JSON.stringify(provenance, null, 2)}\n`)
}
