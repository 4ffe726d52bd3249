export interface Problem {
  readonly message: string
  /** ISO 8601 */
  readonly at: string
}

/** What went wrong: the last for the status, each kind in the log, but one that goes on not more than once in a while. */
export class Problems {
  private readonly write: (line: string) => void
  private readonly logged = new Map<string, { atMs: number; suppressed: number }>()
  last: Problem | undefined

  constructor(write: (line: string) => void) {
    this.write = write
  }

  readonly report = (message: string): void => {
    const nowMs = Date.now()
    this.last = { message, at: new Date(nowMs).toISOString() }
    const before = this.logged.get(message)
    if (before && nowMs - before.atMs < quietMs) {
      before.suppressed += 1
      return
    }
    if (this.logged.size >= mostKinds) this.logged.clear()
    this.logged.set(message, { atMs: nowMs, suppressed: 0 })
    this.write(`${this.last.at} ${message}${before && before.suppressed > 0 ? ` (and ${before.suppressed} times more)` : ''}`)
  }
}

const quietMs = 10_000
/** Messages hold offsets and names, so there could be any number of them. */
const mostKinds = 1000
