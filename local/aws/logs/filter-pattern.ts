import { AwsError } from '../endpoint.ts'

/**
 * Whether a line matches a filter pattern of terms: `?a ?"b c"` any of them, `a "b c"` all of them, `-a` not that one. Case counts.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 * @throws AwsError for what is not of this form (JSON, space-delimited and regular expressions)
 */
export function lineFilter(pattern: string): (line: string) => boolean {
  const terms = [...pattern.matchAll(/([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/g)].map(([, kind, quoted, bare]) => ({
    kind: kind ?? '',
    text: quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? '',
  }))
  if (/^\s*[{[%]/.test(pattern)) throw new AwsError('InvalidParameterException', 'The local run understands filter patterns of terms only')
  const bareTerm = terms.find(({ text }, index) => !isQuoted(pattern, index) && !/^[A-Za-z0-9_.]+$/.test(text))
  if (bareTerm) throw new AwsError('InvalidParameterException', 'Invalid filter pattern')
  const of = (kind: string) => terms.filter((term) => term.kind === kind).map(({ text }) => text)
  const [any, all, none] = [of('?'), of(''), of('-')]
  // Where both are given, CloudWatch Logs ignores the optional terms.
  return (line) =>
    none.every((text) => !line.includes(text)) &&
    all.every((text) => line.includes(text)) &&
    (all.length > 0 || any.length === 0 || any.some((text) => line.includes(text)))
}

/** Terms with anything but letters, digits and underscores must be quoted. */
function isQuoted(pattern: string, index: number): boolean {
  const token = [...pattern.matchAll(/[?-]?(?:"(?:[^"\\]|\\.)*"|[^\s"]+)/g)][index]?.[0] ?? ''
  return token.endsWith('"')
}
