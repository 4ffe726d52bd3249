import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'

/** Statements of one transaction. */
export type Transaction = readonly { readonly text: string; readonly values: readonly unknown[] }[]

/** Mulberry32: the same seed gives the same numbers, in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const texts = ['NEW', '', 'with "quotes" and \\backslashes\\', 'Größe, 漢字, 🙂', '\t\n\r\u0001', null, "it's"] as const

/**
 * Changes of both sample tables without end: rows inserted, updated, deleted, deleted and inserted again, and given another primary key,
 * among so few keys that a row changes often. Each statement does nothing where its row is not there (or is there already).
 */
export function* sampleChanges(seed: number, firstKey = 2000, keys = 150): Generator<Transaction, never> {
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const key = () => firstKey + below(keys)
  const text = () => texts[below(texts.length)] ?? null
  const amount = () => (random() < 0.1 ? null : `${below(2) === 0 ? '-' : ''}${below(9_999_999)}.${String(below(100)).padStart(2, '0')}`)
  const statement = () => {
    const [id, other] = [key(), key()]
    return below(2) === 0
      ? [
          {
            text: 'INSERT INTO public.orders (order_id, customer_id, order_date, total_amount, status) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING',
            values: [id, below(2 ** 31), text(), amount(), text()],
          },
          {
            text: 'UPDATE public.orders SET status = $2, total_amount = $3, updated_at = clock_timestamp() WHERE order_id = $1',
            values: [id, text(), amount()],
          },
          { text: 'DELETE FROM public.orders WHERE order_id = $1', values: [id] },
          {
            text: 'UPDATE public.orders SET order_id = $2 WHERE order_id = $1 AND NOT EXISTS (SELECT FROM public.orders WHERE order_id = $2)',
            values: [id, other],
          },
        ]
      : [
          {
            text: 'INSERT INTO public.products (product_id, product_name, category, price, stock_quantity) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING',
            values: [id, text(), text(), amount(), below(1000)],
          },
          {
            text: 'UPDATE public.products SET stock_quantity = stock_quantity + 1, price = $2 WHERE product_id = $1',
            values: [id, amount()],
          },
          { text: 'DELETE FROM public.products WHERE product_id = $1', values: [id] },
          {
            text: 'UPDATE public.products SET product_id = $2 WHERE product_id = $1 AND NOT EXISTS (SELECT FROM public.products WHERE product_id = $2)',
            values: [id, other],
          },
        ]
  }
  /** Of ten changes four insert, three update, two delete and one changes the key. */
  const weights = [0, 0, 0, 0, 1, 1, 1, 2, 2, 3]
  for (;;) yield Array.from({ length: 1 + below(5) }, () => statement()[weights[below(weights.length)] ?? 0]!)
}

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
      await client.query('BEGIN')
      for (const { text, values } of transactions.next().value) await client.query(text, [...values])
      await client.query('COMMIT')
      committed += 1
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
        if (!isConnectionLoss(error)) throw error
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

/** A refused statement has a code of PostgreSQL's; class 57 is a server that shuts down or starts up. */
function isConnectionLoss(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  return !/^[0-9A-Z]{5}$/.test(code) || code.startsWith('57') || code.startsWith('08')
}
