const padded = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const urlSafe = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}(?:==)?|[A-Za-z0-9_-]{3}=?)?$/
const hex = /^(?:[0-9a-fA-F]{2})*$/
/** MIME: lines of 76 characters, each ended by CR LF. */
const mimeLines = /^(?:[A-Za-z0-9+/]{76}\r\n)+[A-Za-z0-9+/=]{1,76}(?:\r\n)?$/

/**
 * The bytes of a binary column's text: base64 (basic, MIME or URL-safe) or hex; undefined for anything else. Many hex texts are
 * also base64, and the documentation does not say which is meant: base64 it is wherever it is whole, padded base64.
 */
export function binaryFromText(text: string): Buffer | undefined {
  if (padded.test(text)) return Buffer.from(text, 'base64')
  if (hex.test(text)) return Buffer.from(text, 'hex')
  if (urlSafe.test(text)) return Buffer.from(text, 'base64url')
  if (!mimeLines.test(text)) return undefined
  const joined = text.replaceAll('\r\n', '')
  return padded.test(joined) ? Buffer.from(joined, 'base64') : undefined
}
