import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAccount } from '../../../local/cloudformation/account.ts'
import { readAssembly } from '../../../local/cloudformation/assembly.ts'
import { deployAssembly } from '../../../local/cloudformation/deploy.ts'
import { synthesize } from '../../../local/cloudformation/synthesize.ts'
import { startCatalog } from '../../../local/engines/catalog.ts'
import { checkoutDirectory } from '../../../local/engines/paths.ts'
import { portsFor } from '../../../local/engines/ports.ts'
import { icebergCatalog } from '../../../local/iceberg/catalog.ts'
import { icebergSchema, restSchema } from '../../../pipeline/iceberg-schema.ts'
import { capturedTables, parseTables } from '../../../pipeline/tables.ts'

/** One column for each Iceberg type that a column can have. */
const declaration = {
  tables: [
    {
      schema: 'public',
      name: 'every_type',
      columns: [
        { name: 'second', type: 'bigint' },
        { name: 'first', type: 'uuid' },
        { name: 'list', type: 'integer[]', iceberg: { type: 'list<int>' } },
        { name: 'texts', type: 'text[]', iceberg: { type: 'list<string>' } },
        { name: 'number', type: 'numeric(38,9)' },
        { name: 'bytes', type: 'bytea' },
        { name: 'real', type: 'real' },
        { name: 'double', type: 'double precision' },
        { name: 'day', type: 'date' },
        { name: 'local', type: 'timestamp' },
        { name: 'instant', type: 'timestamptz' },
        { name: 'time', type: 'time' },
        { name: 'flag', type: 'boolean' },
        { name: 'later', type: 'text', added: true },
      ],
      primaryKey: ['first', 'second'],
    },
  ],
}

test('the real catalog holds every table with the ids, types, required columns and identifier fields of the declaration', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'deploy-'))
  const port = await portsFor(join(directory, 'ports.json'), ['catalog'])
  const server = await startCatalog({
    warehouse: join(directory, 'warehouse'),
    logFile: join(directory, 'catalog.log'),
    port: port('catalog'),
  })
  try {
    const tablesFile = join(directory, 'tables.json')
    await writeFile(tablesFile, JSON.stringify(declaration))
    const outputDirectory = join(directory, 'cdk.out')
    await synthesize({ outputDirectory, deploymentFile: join(checkoutDirectory, 'local', 'deployment.json'), tablesFile })
    const account = openAccount({
      id: '111122223333',
      region: 'us-east-1',
      directory: join(directory, 'aws'),
      bucketsDirectory: join(directory, 'buckets'),
      catalog: icebergCatalog(server.uri),
    })
    await deployAssembly(readAssembly(outputDirectory), account, ['CdcS3Tables'])
    for (const table of capturedTables(parseTables(declaration))) {
      const answer = await fetch(`${server.uri}/v1/namespaces/aurora_cdc/tables/${table.iceberg}`)
      // Iceberg writes a space into `decimal(12, 2)`.
      const { metadata } = JSON.parse((await answer.text()).replaceAll(/(decimal\(\d+,) /g, '$1'))
      const { 'identifier-field-ids': identifierFieldIds, ...schema } = restSchema(icebergSchema(table))
      expect(metadata['format-version']).toBe(2)
      expect(metadata.schemas).toEqual([expect.objectContaining(schema)])
      expect(new Set(metadata.schemas[0]['identifier-field-ids'])).toEqual(new Set(identifierFieldIds))
      expect(metadata['partition-specs']).toEqual([expect.objectContaining({ fields: [] })])
    }
  } finally {
    await server.stop()
    await rm(directory, { recursive: true })
  }
}, 300_000)
