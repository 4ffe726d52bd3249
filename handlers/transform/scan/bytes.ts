/** What bytes are in JSON, one by one and four at a time (words are little-endian). */

export function isDigit(c: number): boolean {
  return c >= 48 && c <= 57
}

export function isHexDigit(c: number): boolean {
  return (c >= 48 && c <= 57) || ((c | 32) >= 97 && (c | 32) <= 102)
}

/** An ASCII character that stands for itself in a string; a digit is one too. */
export const plainClass = 2
export const digitClass = 3
/** Part of a character that is not ASCII. */
const highClass = 1

/** Of each byte its class inside a string; 0: a quote, a backslash or a control character. */
export const byteClass = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte > 127) return highClass
  if (isDigit(byte)) return digitClass
  return byte < 32 || byte === 34 || byte === 92 ? 0 : plainClass
})

/** Whether each of the four bytes has a 3 before the low half, and still has with 6 added: 0x30 to 0x39. */
export function isFourDigits(word: number): boolean {
  return ((word & 0xf0f0f0f0) | 0) === 0x30303030 && (((word + 0x06060606) & 0xf0f0f0f0) | 0) === 0x30303030
}

/**
 * Whether none of the four bytes is over 127, below 32, a quote or a backslash: the highest bit of a byte tells, after a subtraction that
 * only borrows past a byte that is one of those. https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord
 */
export function isFourPlain(word: number): boolean {
  const quote = word ^ 0x22222222
  const backslash = word ^ 0x5c5c5c5c
  return ((word | (word - 0x20202020) | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash)) & 0x80808080) === 0
}

/** Whether `b[start…end)` are these bytes. */
export function isSame(b: Buffer, start: number, end: number, bytes: Uint8Array): boolean {
  const length = bytes.length
  if (end - start !== length) return false
  for (let k = 0; k < length; k++) if (b[start + k] !== bytes[k]) return false
  return true
}
