import {
  byteClass,
  digitClass,
  isDigit,
  isFourDigits,
  isFourPlain,
  isHexDigit,
  plainClass,
} from '../../../../handlers/transform/scan/bytes.ts'

const everyByte = Array.from({ length: 256 }, (_, byte) => byte)

/** The words with this byte in one place and bytes of `others` in the rest. */
function wordsWith(byte: number, others: readonly number[]): number[] {
  return others.flatMap((other) =>
    [0, 1, 2, 3].map((place) => {
      const bytes = Buffer.alloc(4, other)
      bytes[place] = byte
      return bytes.readInt32LE()
    }),
  )
}

test('four bytes are digits when each of them is', () => {
  for (const byte of everyByte) {
    const char = String.fromCharCode(byte)
    expect(isDigit(byte)).toBe(/^[0-9]$/.test(char))
    expect(isHexDigit(byte)).toBe(/^[0-9a-fA-F]$/.test(char))
    for (const word of wordsWith(byte, [0x30, 0x35, 0x39])) expect(isFourDigits(word)).toBe(isDigit(byte))
  }
})

test('four bytes are plain when each of them stands for itself in a string', () => {
  for (const byte of everyByte) {
    const isPlain = byte >= 32 && byte < 128 && byte !== 0x22 && byte !== 0x5c
    expect(byteClass[byte]! >= plainClass).toBe(isPlain)
    expect(byteClass[byte] === digitClass).toBe(isDigit(byte))
    expect(byteClass[byte] === 0).toBe(byte < 32 || byte === 0x22 || byte === 0x5c)
    for (const word of wordsWith(byte, [0x20, 0x21, 0x23, 0x5b, 0x5d, 0x61, 0x7f])) expect(isFourPlain(word)).toBe(isPlain)
  }
})
