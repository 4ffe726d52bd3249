/**
 * JSON with numbers that lose nothing. A number is a JavaScript number only where that is exact: an integer without fraction and
 * exponent below 2^53. Any other is a {@link JsonNumber}.
 */
export type ExactJson = null | boolean | number | string | JsonNumber | readonly ExactJson[] | { readonly [key: string]: ExactJson }

/** A number as it stood in the text. */
export class JsonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** True where a token may be a number that `JSON.parse` changes: a fraction, an exponent, 2^53 or more. Also true for some texts inside strings, which only costs time. */
const mayLose = /[:,[\s]-?(?:\d{17,}|9\d{15}|\d+[.eE])|^\s*-?\d/

const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/**
 * Parses one JSON text.
 * @throws SyntaxError as `JSON.parse` does.
 */
export function parseExactJson(text: string): ExactJson {
  const parsed: ExactJson = JSON.parse(text)
  if (!mayLose.test(text)) return parsed
  // The text is valid now, so that a token is a string or a number and nothing else; each becomes a string that says which.
  return marked(JSON.parse(text.replace(token, (found) => (found.startsWith('"') ? `"s${found.slice(1)}` : `"n${found}"`))))
}

/** What the second parsing gives: every string and every key begins with its mark. */
type Marked = null | boolean | string | readonly Marked[] | { readonly [key: string]: Marked }

function marked(value: Marked): ExactJson {
  if (typeof value === 'string') return value.startsWith('s') ? value.slice(1) : exactNumber(value.slice(1))
  if (value === null || typeof value === 'boolean') return value
  if (isMarkedArray(value)) return value.map(marked)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.slice(1), marked(item)]))
}

function isMarkedArray(value: Marked): value is readonly Marked[] {
  return Array.isArray(value)
}

function exactNumber(text: string): number | JsonNumber {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : new JsonNumber(text)
}
