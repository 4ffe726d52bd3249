import type { PostgresType } from './column-types.ts'
import { PipelineError } from './errors.ts'

/** What the text of a user-defined type cannot say. */
export interface TypeHint {
  readonly kind?: PostgresType['kind']
  /** The type under a domain: `integer`, `character varying(255)`. */
  readonly baseType?: string
}

/** PostgreSQL's other names for its types, each with the name that `format_type` prints. */
const synonyms: Readonly<Record<string, string>> = {
  int: 'integer',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  serial: 'integer',
  serial2: 'smallint',
  serial4: 'integer',
  serial8: 'bigint',
  smallserial: 'smallint',
  bigserial: 'bigint',
  decimal: 'numeric',
  dec: 'numeric',
  float4: 'real',
  float8: 'double precision',
  double: 'double precision',
  bool: 'boolean',
  varchar: 'character varying',
  'char varying': 'character varying',
  char: 'character',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  time: 'time without time zone',
  timetz: 'time with time zone',
  varbit: 'bit varying',
}

/** Types that lie in whatever schema their extension was created in: known by their last name. */
const extensionTypes = new Set(['citext', 'hstore', 'ltree'])

/** What a type is when its modifiers are left out. */
const implied: Readonly<Record<string, readonly number[]>> = { character: [1], bit: [1] }

const ranges = /^(int4|int8|num|ts|tstz|date)range$/
const multiranges = /^(int4|int8|num|ts|tstz|date)multirange$/

/**
 * A type from its text: what `format_type` prints, and the usual synonyms in any case (`VARCHAR(50)`, `int4`, `timestamptz(3)`, `serial`).
 * `isKnown` tells which names are PostgreSQL's own; any other needs a hint of its kind.
 *
 *     type      = name [ "(" modifier { "," modifier } ")" ] [ rest of name ] { "[" [ size ] "]" | " array" }
 *     name      = words | [ schema "." ] identifier
 *
 * @throws PipelineError `InvalidTables` that says what is wrong with the text.
 */
export function parseTypeText(text: string, hint: TypeHint, isKnown: (name: string) => boolean): PostgresType {
  const match = /^(?<name>[^()[\]]+?)\s*(?:\((?<modifiers>[^()]*)\))?(?<rest>[^()[\]]*?)(?<array>(?:\s*\[\d*\]|\s+array)*)$/i.exec(
    text.trim(),
  )
  if (!match?.groups)
    throw new PipelineError('InvalidTables', `"${text}" is not a PostgreSQL type: write what format_type prints, such as numeric(12,2)`)
  const array = match.groups.array !== ''
  const written = `${match.groups.name ?? ''}${match.groups.rest ?? ''}`.trim().replace(/\s+/g, ' ')
  const modifierText = match.groups.modifiers
  if (hint.kind === 'domain') return domainType(text, array, hint, isKnown)
  const userDefined = hint.kind !== undefined && hint.kind !== 'base'
  const name = userDefined ? written : canonicalName(written, modifierText)
  if (!userDefined && hint.kind !== 'base' && !isKnown(name)) {
    throw new PipelineError(
      'InvalidTables',
      `"${text}" is not a type of PostgreSQL's own: for a type of yours add "kind" ("enum", "domain" with its "baseType", "composite", "range", "multirange", or "base" for an extension's)`,
    )
  }
  const modifiers = typeModifiers(text, name, modifierText)
  return {
    text: isKnown(name) ? canonicalText(name, modifiers, array) : text.trim(),
    name,
    kind: hint.kind ?? (ranges.test(name) ? 'range' : multiranges.test(name) ? 'multirange' : 'base'),
    modifiers: modifiers.length > 0 || array ? modifiers : (implied[name] ?? []),
    array,
  }
}

function domainType(text: string, arrayOfDomain: boolean, hint: TypeHint, isKnown: (name: string) => boolean): PostgresType {
  if (hint.baseType === undefined) {
    throw new PipelineError('InvalidTables', `"${text}" is a domain: say in "baseType" what it is based on, such as integer`)
  }
  const base = parseTypeText(hint.baseType, {}, isKnown)
  return { ...base, text: text.trim(), kind: 'domain', array: base.array || arrayOfDomain }
}

function canonicalName(written: string, modifiers: string | undefined): string {
  // The quotes matter: "char" is a type of one byte, char is character(1).
  if (written === '"char"') return written
  const lower = written.toLowerCase()
  const last = /^(?:"[^"]*"|[\w$]+)\.(?:"([^"]*)"|([\w$]+))$/.exec(lower)
  const lastName = last?.[1] ?? last?.[2]
  if (lastName !== undefined && (extensionTypes.has(lastName) || lower.startsWith('pg_catalog.'))) return synonyms[lastName] ?? lastName
  // float(1…24) is real, float and float(25…53) are double precision.
  if (lower === 'float') return modifiers !== undefined && Number(modifiers) <= 24 ? 'real' : 'double precision'
  if (/^interval( |$)/.test(lower)) return 'interval'
  return synonyms[lower] ?? (lastName === undefined ? lower.replace(/^"(.*)"$/, '$1') : written)
}

function typeModifiers(text: string, name: string, modifierText: string | undefined): number[] {
  if (modifierText === undefined || name === 'real' || name === 'double precision') return []
  const parts = modifierText.split(',').map((part) => part.trim())
  if (parts.every((part) => /^-?\d{1,9}$/.test(part))) return parts.map(Number)
  if (name === 'numeric' || name.startsWith('character') || name.startsWith('bit') || name.startsWith('time')) {
    throw new PipelineError('InvalidTables', `"${text}": (${modifierText}) is not what ${name} takes: write numbers, such as numeric(12,2)`)
  }
  // Extensions take words too: geometry(Point,4326).
  return []
}

/** As `format_type` prints it: the modifiers of date-times stand inside the name. */
function canonicalText(name: string, modifiers: readonly number[], array: boolean): string {
  const [first = name, ...rest] = name.startsWith('time') ? name.split(' ') : [name]
  const inParentheses = modifiers.length > 0 ? `(${modifiers.join(',')})` : ''
  return [`${first}${inParentheses}`, ...rest].join(' ') + (array ? '[]' : '')
}
