import type { ClientBase } from 'pg'

/** The sample tables, as the walkthrough's reader sees them. */
const sampleTables = [
  `CREATE TABLE public.orders (
     order_id serial PRIMARY KEY, customer_id integer, order_date varchar(50), total_amount numeric(12,2), status varchar(50),
     created_at timestamp DEFAULT now(), updated_at timestamp DEFAULT now())`,
  `CREATE TABLE public.products (
     product_id serial PRIMARY KEY, product_name varchar(255), category varchar(100), price numeric(10,2), stock_quantity integer,
     created_at timestamp DEFAULT now(), updated_at timestamp DEFAULT now())`,
]

const sampleRows = [
  `INSERT INTO public.orders (order_id, customer_id, order_date, total_amount, status) VALUES
     (100, 1, '2025-01-15', 1299.99, 'PENDING'), (101, 2, '2025-01-16', 89.50, 'SHIPPED'), (102, 1, '2025-01-17', 45.00, 'DELIVERED'),
     (200, 3, '2025-02-01', 230.10, 'PENDING'), (201, 4, '2025-02-02', 75.25, 'SHIPPED'), (202, 2, '2025-02-03', 999.00, 'CANCELLED'),
     (203, 5, '2025-02-04', 12.75, 'NEW')`,
  `INSERT INTO public.products (product_id, product_name, category, price, stock_quantity) VALUES
     (100, 'Test Widget', 'Testing', 9.99, 1), (101, 'Ergonomic Chair', 'Furniture', 499.99, 25), (102, 'Headphones', 'Electronics', 199.00, 60),
     (103, 'Desk Lamp', 'Furniture', 39.90, 120), (104, 'Mechanical Keyboard', 'Electronics', 129.00, 45), (105, 'Notebook', 'Stationery', 4.50, 500),
     (106, 'USB-C Hub', 'Electronics', 59.95, 80)`,
  // What a reader inserts without a key comes after all keys of the walkthrough.
  `SELECT setval('public.orders_order_id_seq', 1000), setval('public.products_product_id_seq', 1000)`,
]

/** One step of the walkthrough: what is done at the source while changes stream. */
export interface WalkthroughStep {
  /** A sentence for the reader. */
  readonly title: string
  readonly sql: string
}

/** What happens at the source in the walkthrough, in order; each step is a transaction of its own. */
export const walkthrough: readonly WalkthroughStep[] = [
  {
    title: 'Three orders come in',
    sql: `INSERT INTO public.orders (order_id, customer_id, order_date, total_amount, status) VALUES
  (301, 6, '2025-03-01', 149.99, 'NEW'), (302, 7, '2025-03-01', 89.00, 'NEW'), (303, 6, '2025-03-02', 1020.50, 'NEW')`,
  },
  { title: 'Order 100 is shipped', sql: "UPDATE public.orders SET status = 'SHIPPED', updated_at = now() WHERE order_id = 100" },
  { title: 'Order 201 is delivered', sql: "UPDATE public.orders SET status = 'DELIVERED', updated_at = now() WHERE order_id = 201" },
  {
    title: 'Two products are added',
    sql: `INSERT INTO public.products (product_id, product_name, category, price, stock_quantity) VALUES
  (201, 'Bluetooth Speaker', 'Electronics', 79.99, 40), (202, 'Standing Desk', 'Furniture', 649.00, 12)`,
  },
  {
    title: 'The Ergonomic Chair gets another price and stock',
    sql: "UPDATE public.products SET price = 549.99, stock_quantity = 30, updated_at = now() WHERE product_name = 'Ergonomic Chair'",
  },
  {
    title: 'Headphones and Desk Lamps are sold',
    sql: "UPDATE public.products SET stock_quantity = stock_quantity - 5, updated_at = now() WHERE product_name IN ('Headphones', 'Desk Lamp')",
  },
  { title: 'The Test Widget goes', sql: 'DELETE FROM public.products WHERE product_id = 100' },
]

/** Creates the sample tables with their seven rows each, unless they are there. Answers whether it did. */
export async function prepareSamples(client: ClientBase): Promise<boolean> {
  const { rowCount } = await client.query("SELECT FROM pg_tables WHERE schemaname = 'public' AND tablename IN ('orders', 'products')")
  if (rowCount !== 0) return false
  await client.query(`BEGIN; ${[...sampleTables, ...sampleRows].join('; ')}; COMMIT`)
  return true
}
