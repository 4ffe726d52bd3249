import { awaitDrained } from '../../../handlers/teardown/await-drained.ts'
import { checkNoSlot } from '../../../handlers/teardown/check-no-slot.ts'
import { ensureCleanSource } from '../../../handlers/teardown/ensure-clean-source.ts'
import { asked, place, waitedFor } from '../provision/asked.ts'
import { type AtSource, acted, rdsData, source } from './source-answers.ts'

const { preparationSecret, debeziumSecret } = place.plan.source
const ours: AtSource = { schema: 'ours', publication: 'ours', slot: {} }
beforeEach(() => rdsData.reset())

describe('draining the slot', () => {
  const drained = (previous = asked().previous) => awaitDrained({ ...asked(previous), parameters: { lsn: '0/20' } }, place)

  test('ends when all that was committed at the start is confirmed', async () => {
    source({ drain: { active: 'true', confirmed: 'true', behind: '0' } })
    expect(await drained()).toMatchObject({ ready: true, seen: 'the connector has confirmed all that was committed at the start (0/20)' })
    expect(rdsData.calls()[0]?.args[0].input).toMatchObject({ parameters: [{ name: 'lsn', value: { stringValue: '0/20' } }] })
  })

  test('says how far behind it is, and for how long at most', async () => {
    source({ drain: { active: 'false', confirmed: 'false', behind: '4096' } })
    expect(await drained()).toMatchObject({
      ready: false,
      seen: expect.stringMatching(/is not being read, and is 4096 bytes behind 0\/20 for /),
    })
    await expect(drained(waitedFor(61))).rejects.toMatchObject({ name: 'NotInTime', message: expect.stringContaining('"drain": false') })
  })
})

describe('cleaning the source', () => {
  test('drops the slot, then the publication, then the schema, which tells to the end whose the rest is', async () => {
    source(ours)
    expect(await ensureCleanSource(asked(), place)).toMatchObject({
      ready: true,
      did: [
        'dropped the replication slot debezium_slot',
        'dropped the publication dbz_publication',
        "dropped the schema cdc with the pipeline's own tables",
      ],
    })
    expect(acted().map(({ sql }) => /pg_drop_replication_slot|DROP PUBLICATION|DROP SCHEMA/.exec(sql)?.[0])).toEqual([
      'pg_drop_replication_slot',
      'DROP PUBLICATION',
      'DROP SCHEMA',
    ])
    expect(acted().every(({ sql }) => !sql.includes('CASCADE'))).toBe(true)
  })

  test('has nothing to do where nothing is left', async () => {
    source({})
    expect(await ensureCleanSource(asked(), place)).toMatchObject({ ready: true, did: [], already: [expect.stringContaining('no slot')] })
    expect(acted()).toEqual([])
  })

  test('goes on where an execution before was cut off', async () => {
    source({ schema: 'ours' })
    expect(await ensureCleanSource(asked(), place)).toMatchObject({ did: [expect.stringContaining('schema cdc')] })
    expect(acted()).toHaveLength(1)
  })

  test('waits for a slot that is still being read, and cuts nobody off', async () => {
    source({ ...ours, slot: { active: 'true' } })
    expect(await ensureCleanSource(asked(), place)).toMatchObject({ ready: false, seen: expect.stringContaining('still being read') })
    source({ ...ours, refuses: { words: 'pg_drop_replication_slot', state: '55006' } })
    expect(await ensureCleanSource(asked(), place)).toMatchObject({ ready: false })
    await expect(ensureCleanSource(asked(waitedFor(31)), place)).rejects.toMatchObject({ name: 'NotInTime' })
    expect(acted().filter(({ sql }) => sql.startsWith('DO ') || sql.includes('pg_terminate_backend'))).toEqual([])
  })

  test('drops the slot as Debezium’s role where the role that prepares may not replicate', async () => {
    source({ ...ours, refuses: { words: 'pg_drop_replication_slot', state: '42501', secret: preparationSecret } })
    expect(await ensureCleanSource(asked(), place)).toMatchObject({ ready: true })
    expect(acted().map(({ secret }) => secret)).toEqual([preparationSecret, debeziumSecret, preparationSecret, preparationSecret])
  })

  test('refuses what is not ours, also where it came between', async () => {
    source({ schema: 'another', publication: 'ours', slot: {} })
    await expect(ensureCleanSource(asked(), place)).rejects.toMatchObject({ name: 'NotOurs' })
    expect(acted()).toEqual([])
  })

  test.each([
    ['2BP01', 'NotOurs'],
    ['XX000', 'SourceBusy'],
    ['55P03', 'SourceBusy'],
    ['42501', 'SourceQueryFailed'],
  ])('names what PostgreSQL refuses with %s %s', async (state, name) => {
    source({ ...ours, refuses: { words: 'DROP SCHEMA', state } })
    await expect(ensureCleanSource(asked(), place)).rejects.toMatchObject({ name })
  })
})

test('that no slot is left is proved by a query, and one that is there again is told', async () => {
  source({})
  expect(await checkNoSlot(asked(), place)).toMatchObject({ ready: true, seen: 'pg_replication_slots has no debezium_slot' })
  source({ slot: { database: 'shop' } })
  await expect(checkNoSlot(asked(), place)).rejects.toMatchObject({
    name: 'SlotLeft',
    message: expect.stringMatching(/of the database shop .+pg_drop_replication_slot\('debezium_slot'\)$/),
  })
})
