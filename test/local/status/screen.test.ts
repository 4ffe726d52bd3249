import type { Hop } from '../../../local/status/judge.ts'
import { screen } from '../../../local/status/screen.ts'
import { agoText, bytesText } from '../../../local/status/words.ts'

const hop = (changed: Partial<Hop>): Hop => ({ name: 'source', state: 'green', says: 'slot read', details: [], next: [], ...changed })

test('a line a hop, and what to do under them', () => {
  const next = [
    {
      why: 'somebody paused it',
      heading: 'ConnectorPaused',
      command: `aws kafkaconnect resume-connector --connector-arn ${'x'.repeat(80)}`,
    },
  ]
  const shown = screen('Local run of .data', [
    hop({}),
    hop({ name: 'connector', state: 'red', says: 'PAUSED', details: ['an error'], next }),
  ])
  expect(shown).toBe(`Local run of .data: red

✓ source           slot read
✗ connector        PAUSED
                   an error

What to do next
  connector: somebody paused it
    see docs/runbook.md, ConnectorPaused
    aws kafkaconnect resume-connector --connector-arn ${'x'.repeat(80)}
`)
})

test('nothing to do is not told of', () => {
  expect(screen('AWS', [hop({ state: 'moving' })])).toBe('AWS: green\n\n… source           slot read\n')
})

test('no line reaches the 80th column, and no word is lost', () => {
  const words = Array.from({ length: 60 }, (_word, index) => `word${index}`)
  const shown = screen('AWS', [
    hop({ says: words.join(' '), details: [words.join(' ')], next: [{ why: words.join(' '), heading: 'slot-lag' }] }),
  ])
  expect(Math.max(...shown.split('\n').map((line) => line.length))).toBeLessThan(80)
  for (const word of words) expect(shown.match(new RegExp(`\\b${word}\\b`, 'g'))).toHaveLength(3)
})

test('of very many tables the first are shown', () => {
  const details = Array.from({ length: 400 }, (_table, index) => `table ${index}`)
  const shown = screen('AWS', [hop({ details })])
  expect(shown).toContain('table 39\n')
  expect(shown).not.toContain('table 40\n')
  expect(shown).toContain('… and 360 more')
})

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [150 * 1024, '150 KiB'],
  [1024 ** 3 * 2.5, '2.5 GiB'],
  [1024 ** 5 * 3000, '3072000 TiB'],
])('%d bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text))

test.each([
  ['2026-01-31T11:59:30Z', '30 s ago'],
  ['2026-01-31T11:01:00Z', '59 min ago'],
  ['2026-01-30T12:00:00Z', '24 h ago'],
  ['2026-01-29T12:00:00Z', '2 days ago'],
  // Another machine's clock may be ahead.
  ['2026-01-31T12:00:05Z', '0 s ago'],
])('%s is %s', (at, text) => expect(agoText(at, new Date('2026-01-31T12:00:00Z'))).toBe(text))
