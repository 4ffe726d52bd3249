import { seededRandom } from '../../../local/faults/random.ts'
import type { Transaction } from '../../../local/faults/writer.ts'

const texts = ['NEW', '', 'with "quotes" and \\backslashes\\', 'Größe, 漢字, 🙂', '\t\n\r\u0001', null, "it's"] as const

/**
 * Changes of both sample tables without end: rows inserted, updated, deleted, deleted and inserted again, and given another primary key,
 * among so few keys that a row changes often. Each statement does nothing where its row is not there (or is there already).
 */
export function* sampleChanges(seed: number, firstKey = 2000, keys = 150): Generator<Transaction, never> {
  const random = seededRandom(seed)
  const below = (limit: number) => random.below(limit)
  const key = () => firstKey + below(keys)
  const text = () => texts[below(texts.length)] ?? null
  const amount = () =>
    random.chance(0.1) ? null : `${below(2) === 0 ? '-' : ''}${below(9_999_999)}.${String(below(100)).padStart(2, '0')}`
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
