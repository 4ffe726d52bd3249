import { likelyCause, type Symptoms } from '../../../local/verification/likely-cause.ts'

const symptoms = (differences: Partial<Symptoms['differences']>, more: Partial<Symptoms> = {}): Symptoms => ({
  table: 'public.orders',
  differences: { missing: 0, stale: 0, duplicate: 0, extra: 0, ...differences },
  sourceRows: 10,
  icebergRows: 10,
  first: [],
  appends: false,
  failed: new Map(),
  ...more,
})
const stale = (...columns: string[]) => ({ kind: 'stale' as const, key: {}, columns })

it.each<[string, Symptoms, RegExp]>([
  [
    'failed changes',
    symptoms({ stale: 2 }, { failed: new Map([['UnavailableValue', 2]]) }),
    /UnavailableValue \(2 rows\)\. See npm run errors -- explain --table public\.orders/,
  ],
  ['no row in Iceberg', symptoms({ missing: 10 }, { icebergRows: 0 }), /never snapshotted/],
  ['no row at the source', symptoms({ extra: 10 }, { sourceRows: 0 }), /truncated/],
  ['duplicates of appended rows', symptoms({ duplicate: 1 }, { appends: true }), /delivered a second time/],
  ['duplicates of upserted rows', symptoms({ duplicate: 1 }), /somebody else/],
  ['rows too many', symptoms({ extra: 1 }), /deleted at the source while nobody followed/],
  ['rows too few', symptoms({ missing: 1 }), /written while nobody followed/],
  ['one column', symptoms({ stale: 2 }, { first: [stale('note'), stale('note')] }), /only note differs/],
  ['several columns', symptoms({ stale: 2 }, { first: [stale('note'), stale('at')] }), /changes were missed/],
  ['everything at once', symptoms({ stale: 1, missing: 1 }, { first: [stale('note')] }), /changes were missed/],
])('%s has a likely cause', (_what, given, cause) => {
  expect(likelyCause(given)).toMatch(cause)
})

it('what does not differ has none', () => {
  expect(likelyCause(symptoms({}))).toBeUndefined()
})
