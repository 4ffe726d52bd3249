import { createHash } from 'node:crypto'

export type ErrorOutputType = 'processing-failed' | 'iceberg-failed'

/**
 * The folder of an error object. A prefix with expressions stands for the whole folder; one without gets the type and the hour after it.
 * https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
 * `seed` makes the random strings, so that the same object gets the same name again.
 * @throws Error for an expression that Firehose does not know, or one without the error type.
 */
export function evaluatePrefix(prefix: string, type: ErrorOutputType, timeMs: number, seed: string): string {
  if (!prefix.includes('!{')) return `${prefix}${type}/${formatTime('yyyy/MM/dd/HH/', timeMs)}`
  if (!prefix.includes('!{firehose:error-output-type}'))
    throw new Error(`error output prefix ${prefix}: expressions need !{firehose:error-output-type} among them`)
  let randomStrings = 0
  const evaluated = prefix.replaceAll(/!\{([^:}]*):([^}]*)\}/g, (expression, namespace: string, value: string) => {
    if (namespace === 'timestamp') return formatTime(value, timeMs)
    if (expression === '!{firehose:error-output-type}') return type
    if (expression === '!{firehose:random-string}') return randomString(`${seed} ${randomStrings++}`)
    throw new Error(`error output prefix ${prefix}: ${expression} is not an expression of an error output prefix`)
  })
  if (evaluated.includes('!{')) throw new Error(`error output prefix ${prefix}: an expression is not closed`)
  if (evaluated.length > 512) throw new Error(`error output prefix ${prefix}: longer than 512 characters after evaluation`)
  return evaluated
}

function randomString(seed: string): string {
  const digest = createHash('sha256').update(seed).digest('hex')
  return `${digest.slice(0, 8)}-${digest.slice(8, 10)}`
}

/** The letters of Java's DateTimeFormatter that make sense in a path, in UTC; text in single quotes stands for itself. */
function formatTime(pattern: string, timeMs: number): string {
  const iso = new Date(timeMs).toISOString()
  const dayOfYear = Math.floor((timeMs - Date.UTC(new Date(timeMs).getUTCFullYear(), 0, 1)) / 86_400_000) + 1
  const letters: Readonly<Record<string, string>> = {
    yyyy: iso.slice(0, 4),
    yy: iso.slice(2, 4),
    MM: iso.slice(5, 7),
    dd: iso.slice(8, 10),
    DDD: String(dayOfYear).padStart(3, '0'),
    HH: iso.slice(11, 13),
    mm: iso.slice(14, 16),
    ss: iso.slice(17, 19),
  }
  return pattern.replaceAll(/'([^']*)'|([A-Za-z])\2*/g, (found, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted === '' ? "'" : quoted
    const value = letters[found]
    if (value === undefined)
      throw new Error(`error output prefix: timestamp pattern ${found} is not supported (${Object.keys(letters).join(', ')} are)`)
    return value
  })
}
