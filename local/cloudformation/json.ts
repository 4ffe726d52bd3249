/** A resolved value of a template. */
export type Json = null | boolean | number | string | Json[] | JsonObject
export interface JsonObject {
  [name: string]: Json
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A scalar as text; the empty text for anything else. */
export function scalarText(value: Json | undefined): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

/**
 * Dotted paths at which two objects differ: `Code.S3Key`. Lists are compared as a whole, and the order of an object's members means nothing.
 */
export function changedPaths(before: Json | undefined, after: Json | undefined, path = ''): string[] {
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    return names.flatMap((name) => changedPaths(before[name], after[name], path === '' ? name : `${path}.${name}`))
  }
  return canonicalText(before) === canonicalText(after) ? [] : [path]
}

/** JSON with the members of every object in order of their names, so that equal values have equal texts. */
export function canonicalText(value: Json | undefined): string {
  if (value === undefined) return ''
  return JSON.stringify(value, (_name, part: Json) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))) : part,
  )
}
