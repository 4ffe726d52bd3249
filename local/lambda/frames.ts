/** One message between a function's process and its parent; the grammar stands in `runtime.mjs`. */
export interface Frame {
  readonly kind: number
  readonly content: Buffer
}

const headBytes = 5

export function encodeFrame(kind: number, content: Buffer): Buffer[] {
  const head = Buffer.alloc(headBytes)
  head.writeUInt32BE(content.length, 0)
  head[4] = kind
  return [head, content]
}

/** Cuts a byte stream into frames. */
export function frameDecoder(onFrame: (frame: Frame) => void): (chunk: Buffer) => void {
  let received: Buffer[] = []
  let bytes = 0
  const joined = (): Buffer => {
    if (received.length > 1) received = [Buffer.concat(received)]
    return received[0] ?? Buffer.alloc(0)
  }
  return (chunk) => {
    received.push(chunk)
    bytes += chunk.length
    while (bytes >= headBytes) {
      const first = (received[0]?.length ?? 0) >= headBytes ? received[0]! : joined()
      const length = first.readUInt32BE(0)
      if (bytes < headBytes + length) return
      const all = joined()
      const rest = all.subarray(headBytes + length)
      received = rest.length > 0 ? [rest] : []
      bytes = rest.length
      onFrame({ kind: all[4]!, content: all.subarray(headBytes, headBytes + length) })
    }
  }
}
