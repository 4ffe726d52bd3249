import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deploymentJsonSchema } from '../pipeline/deployment.ts'
import { tablesJsonSchema } from '../pipeline/tables.ts'

// Writes the JSON Schemas of the files that a user edits from what validates them: run after a change there, by `npx tsx local/schemas.ts`.
const write = (name: string, schema: object) => writeFileSync(join(import.meta.dirname, '..', name), `${JSON.stringify(schema, null, 2)}\n`)
write('tables.schema.json', tablesJsonSchema())
write('deployment.schema.json', deploymentJsonSchema())
