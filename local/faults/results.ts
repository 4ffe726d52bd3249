import { faults } from './catalogue.ts'
import type { RoundResult } from './round.ts'

/** A line of the table: all rounds of one fault. */
interface Line {
  readonly fault: string
  readonly what: string
  readonly rounds: number
  readonly injections: number
  readonly transactions: number
  readonly rows: number
  readonly backMs: number
  readonly seeds: string
  readonly result: string
}

const number = new Intl.NumberFormat('en-US')
const heading =
  '| fault | what happens | rounds | times | transactions meanwhile | rows compared | longest until all had arrived | seeds | result |'
const rule = '|---|---|---:|---:|---:|---:|---:|---|---|'
const marks = { begin: '<!-- results: written by npm run faults -- --write -->', end: '<!-- end of results -->' } as const

/** The lines of the table of these rounds, by fault. */
export function resultLines(rounds: readonly RoundResult[]): Map<string, string> {
  const lines = new Map<string, string>()
  for (const { name, what } of faults) {
    const own = rounds.filter(({ fault }) => fault === name)
    if (own.length > 0) lines.set(name, lineText(lineOf(name, what, own)))
  }
  return lines
}

/**
 * The document with these rounds in its table. Lines of faults that were not run this time stay as they are.
 * @throws Error where the document has no place for the table
 */
export function documentWith(document: string, rounds: readonly RoundResult[]): string {
  const begin = document.indexOf(marks.begin)
  const end = document.indexOf(marks.end)
  if (begin === -1 || end < begin) throw new Error(`the document has no ${marks.begin} … ${marks.end}`)
  const known = new Map<string, string>()
  for (const line of document.slice(begin, end).split('\n')) {
    const name = /^\| `([^`]+)` \|/.exec(line)?.[1]
    if (name !== undefined) known.set(name, line)
  }
  const lines = new Map([...known, ...resultLines(rounds)])
  const table = faults.flatMap(({ name }) => lines.get(name) ?? [])
  return `${document.slice(0, begin)}${[marks.begin, '', heading, rule, ...table, ''].join('\n')}\n${document.slice(end)}`
}

function lineOf(fault: string, what: string, rounds: readonly RoundResult[]): Line {
  const sum = (of: (round: RoundResult) => number) => rounds.reduce((total, round) => total + of(round), 0)
  return {
    fault,
    what,
    rounds: rounds.length,
    injections: sum(({ injections }) => injections),
    transactions: sum(({ transactions }) => transactions),
    rows: sum(({ rows }) => rows),
    backMs: Math.max(...rounds.map(({ backMs }) => backMs)),
    seeds: rounds.map(({ seed }) => seed).join(', '),
    result: [...new Set(rounds.map(({ passed, verdict }) => (passed ? verdict : `**${verdict}**`)))].join('; '),
  }
}

function lineText({ fault, what, rounds, injections, transactions, rows, backMs, seeds, result }: Line): string {
  const cells = [
    `\`${fault}\``,
    what,
    number.format(rounds),
    number.format(injections),
    number.format(transactions),
    number.format(rows),
    `${(backMs / 1000).toFixed(1)} s`,
    seeds,
    result,
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
