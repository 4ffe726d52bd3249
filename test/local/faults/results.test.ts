import { documentWith, resultLines } from '../../../local/faults/results.ts'
import type { RoundResult } from '../../../local/faults/round.ts'

const round = (fault: string, seed: number, more: Partial<RoundResult> = {}): RoundResult => ({
  fault,
  seed,
  passed: true,
  verdict: 'equal',
  injections: 3,
  transactions: 1000,
  rows: 400,
  backMs: 1234,
  ...more,
})
const document = 'Before\n\n<!-- results: written by npm run faults -- --write -->\n<!-- end of results -->\n\nAfter\n'

test('rounds of one fault are one line', () => {
  const lines = resultLines([round('kill-broker', 1), round('kill-connect', 1), round('kill-broker', 2, { backMs: 9876 })])
  expect([...lines.keys()]).toEqual(['kill-connect', 'kill-broker'])
  expect(lines.get('kill-broker')).toBe('| `kill-broker` | kill -9 of the broker | 2 | 6 | 2,000 | 800 | 9.9 s | 1, 2 | equal |')
})

test('what was not survived stands out', () => {
  const lines = resultLines([round('kill-broker', 1, { passed: false, verdict: 'app.accounts: 1 missing' })])
  expect(lines.get('kill-broker')).toMatch(/\| \*\*app\.accounts: 1 missing\*\* \|$/)
})

test('lines of faults that were not run stay; the others are written anew', () => {
  const first = documentWith(document, [round('kill-broker', 1), round('kill-connect', 1)])
  const second = documentWith(first, [round('kill-broker', 5)])
  expect(second.split('\n').filter((line) => line.startsWith('| `'))).toEqual([
    expect.stringMatching(/^\| `kill-connect` .* \| 1 \| equal \|$/),
    expect.stringMatching(/^\| `kill-broker` .* \| 5 \| equal \|$/),
  ])
  expect(second.startsWith('Before\n\n')).toBe(true)
  expect(second.endsWith('\n\nAfter\n')).toBe(true)
})

test('a document without a place for the table is refused', () => {
  expect(() => documentWith('nothing', [round('kill-broker', 1)])).toThrow('has no')
})
