import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tablesJsonSchema } from '../pipeline/tables.ts'

// Writes tables.schema.json from what validates: run after a change to pipeline/tables-file.ts, by `npx tsx local/tables-schema.ts`.
const file = join(import.meta.dirname, '..', 'tables.schema.json')
writeFileSync(file, `${JSON.stringify(tablesJsonSchema(), null, 2)}\n`)
