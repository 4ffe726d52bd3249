import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'

export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

/** Statements of one transaction, which is committed; one whose last statement is ROLLBACK is not. */
export type Transaction = readonly Statement[]

/** Someone who keeps changing the source, whatever happens to it. */
export interface Writer {
  /** Transactions that were answered with COMMIT. */
  readonly committed: number
  stop(): Promise<void>
}

/** Writes a transaction every few milliseconds; a connection that is lost is opened again, and what was not committed is not repeated. */
export function startWriting(url: string, transactions: Iterator<Transaction, never>, pauseMs: number): Writer {
  const stopping = new AbortController()
  let committed = 0
  const write = async (client: Client) => {
    await client.connect()
    while (!stopping.signal.aborted) {
      if (await writeTransaction(client, transactions.next().value)) committed += 1
      await sleep(pauseMs)
    }
  }
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 })
      client.on('error', () => {})
      try {
        await write(client)
      } catch (error) {
        if (!isPassing(error)) throw error
        await sleep(50)
      } finally {
        await client.end().catch(() => {})
      }
    }
  })()
  // A statement that PostgreSQL refuses is reported by `stop`.
  running.catch(() => {})
  return {
    get committed() {
      return committed
    },
    stop() {
      stopping.abort()
      return running
    },
  }
}

/** Answers whether it was committed. */
export async function writeTransaction(client: Client, transaction: Transaction): Promise<boolean> {
  await client.query('BEGIN')
  for (const { text, values } of transaction) await client.query(text, [...values])
  if (transaction.at(-1)?.text === 'ROLLBACK') return false
  await client.query('COMMIT')
  return true
}

/** PostgreSQL's codes of refusals that say nothing about the statement: deadlocks and serialization failures. */
const passing = new Set(['40P01', '40001'])

/** A refused statement has a code of PostgreSQL's; class 57 is a server that shuts down or starts up. */
function isPassing(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  return !/^[0-9A-Z]{5}$/.test(code) || code.startsWith('57') || code.startsWith('08') || passing.has(code)
}
