import { type Hop, type HopState, verdictOf } from './judge.ts'

/** Lines end before the 80th column, so that the status is readable in any terminal. */
const width = 79
/** The names of hops are no longer than this. */
const nameWidth = 17

const signs: Readonly<Record<HopState, string>> = { green: '✓', moving: '…', red: '✗' }

/** More are counted only: `--json` has all. */
const shownDetails = 40

/** The status as one screen: a line a hop, and under it what to do where something is red. */
export function screen(heading: string, hops: readonly Hop[]): string {
  const indent = ' '.repeat(nameWidth + 2)
  const lines = hops.flatMap(({ name, state, says, details }) => [
    ...wrapped(`${signs[state]} ${name.padEnd(nameWidth)}${says}`, indent),
    ...details.slice(0, shownDetails).flatMap((detail) => wrapped(`${indent}${detail}`, `${indent}  `)),
    ...(details.length > shownDetails ? [`${indent}… and ${details.length - shownDetails} more`] : []),
  ])
  return `${[...wrapped(`${heading}: ${verdictOf(hops)}`, '  '), '', ...lines, ...whatNext(hops)].join('\n')}\n`
}

function whatNext(hops: readonly Hop[]): string[] {
  const all = hops.flatMap(({ name, next }) => next.map((one) => ({ name, ...one })))
  if (all.length === 0) return []
  const lines = all.flatMap(({ name, why, heading, command }) => [
    ...wrapped(`  ${name}: ${why}`, '    '),
    `    see docs/runbook.md, ${heading}`,
    // A command is copied: it is not broken.
    ...(command === undefined ? [] : [`    ${command}`]),
  ])
  return ['', 'What to do next', ...lines]
}

/** A text broken at spaces; a word that is too long for a line has one of its own. */
function wrapped(text: string, indent: string): string[] {
  const [, lead = '', rest = ''] = /^(\s*)([\s\S]*)$/.exec(text) ?? []
  const lines: string[] = []
  let line = lead
  let isEmpty = true
  for (const word of rest.split(/(?<=\S) /)) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line)
      line = indent
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line]
}
