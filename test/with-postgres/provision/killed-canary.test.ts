import { ensureCanary } from '../../../handlers/provision/ensure-canary.ts'
import { ensureSource } from '../../../handlers/provision/ensure-source.ts'
import type { CanaryChange } from '../../../pipeline/canary-sql.ts'
import { parseTables } from '../../../pipeline/tables.ts'
import { asked } from '../../handlers/provision/asked.ts'
import { killedAtEachCall } from '../../handlers/provision/killed.ts'
import { type DataApiSource, startDataApiSource } from './data-api-source.ts'

let source: DataApiSource
beforeAll(async () => {
  source = await startDataApiSource()
  await source.client.query('CREATE TABLE public.plain (id int PRIMARY KEY)')
}, 60_000)
afterAll(() => source.stop())

const before: Record<CanaryChange, string> = { insert: '', update: "('smoke-run', 1, now()),", delete: "('smoke-run', 2, now())," }

test.each([
  ['insert', 3, ['smoke-other=1', 'smoke-run=1']],
  ['update', 2, ['smoke-old=1', 'smoke-other=1', 'smoke-run=2']],
  ['delete', 2, ['smoke-old=1', 'smoke-other=1']],
] as const)('the %s of the canary ends in the same rows, wherever it is killed', async (change, statements, rows) => {
  const place = source.place(
    parseTables({ tables: [{ schema: 'public', name: 'plain', columns: [{ name: 'id', type: 'integer' }], primaryKey: ['id'] }] }),
  )
  await ensureSource(asked(), place)
  const state = async () =>
    (await source.client.query<Record<string, string>>("SELECT name || '=' || value AS row FROM cdc.canary ORDER BY name")).rows.map(
      ({ row }) => row,
    )
  const killed = await killedAtEachCall({
    line: { allow: (calls) => source.allow(calls), call: (work) => work() },
    begin: () =>
      source.client.query(
        `DELETE FROM cdc.canary; INSERT INTO cdc.canary VALUES ${before[change]} ('smoke-old', 1, now() - interval '2 hours'), ('smoke-other', 1, now())`,
      ),
    ask: (previous) => ensureCanary({ ...asked(previous), parameters: { change } }, place),
    state,
  })
  expect(killed).toBe(statements)
  expect(await state()).toEqual(rows)
})
