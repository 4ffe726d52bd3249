import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { type ErrorName, errorNames, isErrorName } from '../../pipeline/errors.ts'
import type { StepName } from '../../pipeline/provisioning.ts'
import type { TeardownStepName } from '../../pipeline/teardown.ts'

const root = join(import.meta.dirname, '..', '..')

/** What a source file declares at its top level, by name, and where the names come from that it imports as values. */
interface Source {
  readonly declared: ReadonlyMap<string, string>
  readonly imported: ReadonlyMap<string, string>
}

const sources = new Map<string, Source>()

/**
 * The error names that a step can end with, as far as its source tells: those that stand in any declaration that can be reached from its handler.
 * What an exception of AWS's becomes counts only where a client is made.
 */
export function errorNamesInSource(step: StepName | TeardownStepName, folder: 'provision' | 'teardown' = 'provision'): ErrorName[] {
  const reached = new Map<string, string>()
  reach(join('handlers', folder, `${step}.ts`), 'handler', reached)
  const hasClient = [...reached.values()].some((text) => /\bnew \w+Client\(/.test(text))
  const found = [...reached].flatMap(([place, text]) => (place.endsWith(' nameAwsError') && !hasClient ? [] : namesIn(text)))
  return Object.keys(errorNames)
    .filter(isErrorName)
    .filter((name) => found.includes(name))
}

function namesIn(text: string): ErrorName[] {
  return [...text.matchAll(/'(\w+)'/g)].map(([, literal = '']) => literal).filter(isErrorName)
}

function reach(file: string, name: string, reached: Map<string, string>): void {
  const place = `${file} ${name}`
  const { declared, imported } = read(file)
  const text = declared.get(name)
  if (text === undefined || reached.has(place)) return
  reached.set(place, text)
  for (const [identifier] of text.matchAll(/\b[A-Za-z_]\w*\b/g)) {
    const from = imported.get(identifier)
    if (from !== undefined) reach(from, identifier, reached)
    else if (identifier !== name) reach(file, identifier, reached)
  }
}

function read(file: string): Source {
  const known = sources.get(file)
  if (known) return known
  const text = readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const imported = new Map<string, string>()
  for (const [, names = '', from = ''] of text.matchAll(/^import \{([^}]*)\} from '(\.[^']+)'/gm)) {
    const target = relative(root, join(root, dirname(file), from))
    if (!existsSync(join(root, target))) throw new Error(`${file} imports ${from}, which is not there`)
    if (target === join('pipeline', 'errors.ts')) continue
    for (const member of names.split(',').map((one) => one.trim())) if (/^\w+$/.test(member)) imported.set(member, target)
  }
  const declared = new Map<string, string>()
  // The formatter puts every top-level declaration, and nothing else, at the beginning of a line.
  for (const chunk of text.split(/^(?=\w)/m)) {
    const [, name] = /^(?:export )?(?:async )?(?:function\*?|const|class) (\w+)/.exec(chunk) ?? []
    if (name !== undefined) declared.set(name, chunk)
  }
  const source = { declared, imported }
  sources.set(file, source)
  return source
}
