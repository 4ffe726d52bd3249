import { judge } from '../../../local/faults/judgement.ts'
import type { VerificationReport } from '../../../local/verification/verify-tables.ts'

const nothing = { missing: 0, extra: 0, stale: 0, duplicate: 0 }
const report = (differences: Partial<typeof nothing>, more: object = {}): VerificationReport => ({
  equal: Object.keys(differences).length === 0 && Object.keys(more).length === 0,
  settled: true,
  lsn: '0/1',
  tables: [
    {
      table: 'app.accounts',
      iceberg: 'accounts',
      sourceRows: 3,
      icebergRows: 3,
      differences: { ...nothing, ...differences },
      unsettled: 0,
      complete: true,
      first: Object.keys(differences).length === 0 ? [] : [{ kind: 'missing', key: { id: '7' }, columns: [] }],
      notCompared: [],
      ...more,
    },
  ],
})
const equal = report({})
const seen = { report: equal, failed: {}, expected: {}, committed: 10, afterReplay: undefined }

test('equal tables and an empty error bucket are what is wanted', () => {
  expect(judge(seen)).toEqual({ passed: true, verdict: 'equal' })
})

test('a difference is told by table, kind and key', () => {
  expect(judge({ ...seen, report: report({ missing: 2 }) })).toEqual({
    passed: false,
    verdict: 'app.accounts: 2 missing (missing {"id":"7"})',
  })
})

test('a table that cannot be compared is no success', () => {
  expect(judge({ ...seen, report: report({}, { problem: 'it is gone' }) })).toEqual({ passed: false, verdict: 'app.accounts: it is gone' })
})

test('nothing written proves nothing', () => {
  expect(judge({ ...seen, committed: 0 })).toEqual({ passed: false, verdict: 'nothing was written' })
})

test('failed records count as many of each name as had to fail', () => {
  const failed = { InvalidJson: 2, 'Lambda.RecordTooLarge': 1 }
  expect(judge({ ...seen, failed })).toEqual({ passed: false, verdict: 'failed: InvalidJson 2, Lambda.RecordTooLarge 1, not nothing' })
  expect(judge({ ...seen, failed, expected: { ...failed, InvalidJson: 3 } }).passed).toBe(false)
  expect(judge({ ...seen, failed, expected: { 'Lambda.RecordTooLarge': 1, InvalidJson: 2 } })).toEqual({
    passed: true,
    verdict: 'equal; in the error bucket: InvalidJson 2, Lambda.RecordTooLarge 1',
  })
})

test('a failure has to have a name', () => {
  for (const name of ['', 'Undeclared', 'Lambda.'])
    expect(judge({ ...seen, failed: { [name]: 1 }, expected: undefined }).passed).toBe(false)
  for (const name of ['InvalidUtf8', 'Lambda.FunctionError', 'Iceberg.CommitFailed'])
    expect(judge({ ...seen, failed: { [name]: 1 }, expected: undefined }).passed).toBe(true)
})

test('where any records may fail, the tables are equal once those were replayed', () => {
  const failing = { ...seen, report: report({ missing: 1 }), failed: { 'Lambda.FunctionError': 1 }, expected: undefined }
  expect(judge({ ...failing, afterReplay: equal })).toEqual({
    passed: true,
    verdict: 'equal once the failed rows were replayed; in the error bucket: Lambda.FunctionError 1',
  })
  expect(judge({ ...failing, afterReplay: report({ missing: 1 }) }).passed).toBe(false)
  expect(judge(failing).passed).toBe(false)
})
