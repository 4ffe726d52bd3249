import { z } from 'zod'

/** What a validation of a user's file found, one line a fault: `path: found …, allowed: …`. */
export function declarationFaults(shape: z.core.$ZodType, error: z.ZodError): string[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      const allowed = propertyNames(shapeAt(shape, issue.path))
      return issue.keys.map(
        (key) => `${pathText([...issue.path, key])}: found a property that is not known, allowed: ${allowed.join(', ')}`,
      )
    }
    return [`${pathText(issue.path)}: found ${foundText(issue.input)}, allowed: ${allowedText(shape, issue)}`]
  })
}

/** `tables[3].columns[0].iceberg.name` */
export function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return text === '' ? '(the file)' : text.replace(/^\./, '')
}

function foundText(input: unknown): string {
  if (input === undefined) return 'nothing'
  const text = JSON.stringify(input)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

function allowedText(shape: z.core.$ZodType, issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_type') return issue.message
  const wanted = shapeAt(shape, issue.path)
  if (wanted instanceof z.ZodObject) return `an object with ${propertyNames(wanted).join(', ')}`
  if (wanted instanceof z.ZodArray) return `a list (${wanted.description ?? 'of values'})`
  return wanted instanceof z.ZodType ? (wanted.description ?? issue.message) : issue.message
}

function propertyNames(shape: z.core.$ZodType | undefined): string[] {
  return shape instanceof z.ZodObject ? Object.keys(shape.shape).filter((name) => name !== '$schema') : []
}

/** The part of a shape that a path leads to; undefined where it leads out of objects and lists. */
function shapeAt(shape: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let at: z.core.$ZodType | undefined = unwrapped(shape)
  for (const part of path) {
    if (at instanceof z.ZodObject) at = at.shape[String(part)]
    else if (at instanceof z.ZodArray) at = at.element
    else return undefined
    at = at && unwrapped(at)
  }
  return at
}

/** Without defaults and optionality around it. */
function unwrapped(shape: z.core.$ZodType): z.core.$ZodType {
  return shape instanceof z.ZodDefault || shape instanceof z.ZodPrefault || shape instanceof z.ZodOptional
    ? unwrapped(shape.unwrap())
    : shape
}
