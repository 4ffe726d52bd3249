/** A buffer that a row is put together in; it grows, and serves row after row. */
export class RowBuffer {
  #bytes = Buffer.allocUnsafeSlow(16 * 1024)
  #length = 0

  clear(): void {
    this.#length = 0
  }

  /** Appends `source[start…end)`. */
  span(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start)
    if (end - start > 32) this.#length += source.copy(this.#bytes, this.#length, start, end)
    else for (let i = start; i < end; i++) this.#bytes[this.#length++] = source[i]!
  }

  /** Appends text in UTF-8. */
  text(text: string): void {
    this.#reserve(text.length * 3)
    let length = this.#length
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (c > 127 || i > 32) {
        length += this.#bytes.write(text.slice(i), length, 'utf8')
        break
      }
      this.#bytes[length++] = c
    }
    this.#length = length
  }

  base64(): string {
    return this.#bytes.toString('base64', 0, this.#length)
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow((this.#length + more) * 2)
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
