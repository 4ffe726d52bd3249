import { drawLetters, drawText, drawUuid, everyType } from './column-values.ts'
import { type Random, seededRandom, seedFor } from './random.ts'
import { workloadTables } from './tables.ts'
import type { Statement, Transaction } from './writer.ts'

/** Each writer has rows of its own, so that what they leave does not depend on who was faster. */
const keysOfWriter = 100_000
/** So few keys that a row changes often. */
const keysInUse = 120
/** A large transaction writes keys of its own, and then most of them again. */
const largeRows = { least: 500, most: 3000 } as const

/** How often each kind of transaction is written, of a thousand. */
const kinds = [
  ['large', 8],
  ['rolled back', 70],
  ['partly rolled back', 60],
  ['small', 862],
] as const

/**
 * The transactions of one writer, without end; the same for the same seed. Inserts, updates, deletes and changes of the key, among so few rows that each
 * is changed often, several times in one transaction too. A statement does nothing where its row is not there, or is there already.
 */
export function* workload(seed: number, writer: number): Generator<Transaction, never> {
  const random = seededRandom(seedFor(seed, `writer ${writer}`))
  const rows = new Rows(random, (writer + 1) * keysOfWriter)
  const some = (most: number) => Array.from({ length: random.between(1, most) }, () => rows.change())
  for (;;) {
    const kind = drawKind(random)
    if (kind === 'large') yield rows.large(random.between(largeRows.least, largeRows.most))
    else if (kind === 'rolled back') yield [...some(6), { text: 'ROLLBACK', values: [] }]
    else if (kind === 'partly rolled back') yield [...some(3), plain('SAVEPOINT half'), ...some(4), plain('ROLLBACK TO half'), ...some(2)]
    else yield some(6)
  }
}

/** The same without what takes a row or a key away. */
export function* growingWorkload(seed: number, writer: number): Generator<Transaction, never> {
  for (const transaction of workload(seed, writer))
    yield transaction.filter(({ text }) => !text.startsWith('DELETE') && !text.includes('NOT EXISTS'))
  throw new Error('a workload has no end')
}

/** Deletes what an earlier workload left, and gives every table some rows to begin with. */
export function beginning(seed: number): Transaction {
  const random = seededRandom(seedFor(seed, 'beginning'))
  const rows = new Rows(random, 0)
  return [...workloadTables.map((table) => plain(`DELETE FROM ${table}`)), ...Array.from({ length: 60 }, () => rows.insert())]
}

function drawKind(random: Random): (typeof kinds)[number][0] {
  let left = random.below(1000)
  for (const [kind, weight] of kinds) {
    if (left < weight) return kind
    left -= weight
  }
  return 'small'
}

const plain = (text: string): Statement => ({ text, values: [] })
const tables = ['accounts', 'documents', 'every_type', 'lines', 'measured'] as const
type Table = (typeof tables)[number]
const insertInto: Record<Table, string> = {
  accounts: 'INSERT INTO app.accounts (id, owner, balance, changed) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
  documents: 'INSERT INTO app.documents (id, title, body, extra) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
  every_type: `INSERT INTO app.every_type VALUES ($1, ${everyType.map((_, index) => `$${index + 2}`).join(', ')}) ON CONFLICT DO NOTHING`,
  lines: 'INSERT INTO app.lines VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
  measured: 'INSERT INTO app.measured VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
}

class Rows {
  readonly #random: Random
  readonly #firstKey: number
  readonly #uuids: readonly string[]

  constructor(random: Random, firstKey: number) {
    this.#random = random
    this.#firstKey = firstKey
    this.#uuids = Array.from({ length: keysInUse / 4 }, () => drawUuid(random))
  }

  /** Of ten changes four insert, three update, two delete and one changes the key. */
  change(): Statement {
    const which = this.#random.below(10)
    if (which < 4) return this.insert()
    if (which < 7) return this.#update()
    return which < 9 ? this.#delete() : this.#changeKey()
  }

  insert(): Statement {
    const random = this.#random
    const table = random.pick(tables)
    const text = insertInto[table]
    if (table === 'accounts') return { text, values: [this.#key(), drawText(random), this.#amount(), this.#day()] }
    if (table === 'documents') {
      const body = random.chance(0.1) ? null : drawLetters(random, random.between(10, 20_000))
      return { text, values: [random.pick(this.#uuids), drawText(random), body, JSON.stringify({ text: drawText(random) })] }
    }
    if (table === 'every_type')
      return { text, values: [this.#key(), ...everyType.map(({ draw }) => (random.chance(0.1) ? null : draw(random)))] }
    if (table === 'lines') return { text, values: [this.#key(), this.#day(), this.#amount(), drawText(random)] }
    return { text, values: [this.#key(), this.#day(), random.next()] }
  }

  #update(): Statement {
    const random = this.#random
    const table = random.pick(tables)
    if (table === 'accounts')
      return {
        text: 'UPDATE app.accounts SET balance = $2, state = $3 WHERE id = $1',
        values: [this.#key(), this.#amount(), drawText(random).slice(0, 20)],
      }
    if (table === 'documents')
      return random.chance(0.3)
        ? {
            text: 'UPDATE app.documents SET body = $2 WHERE id = $1',
            values: [random.pick(this.#uuids), drawLetters(random, random.below(9000))],
          }
        : // Its body is stored out of line and does not change.
          { text: 'UPDATE app.documents SET revision = revision + 1 WHERE id = $1', values: [random.pick(this.#uuids)] }
    if (table === 'every_type') {
      const { name, draw } = random.pick(everyType)
      return { text: `UPDATE app.every_type SET ${name} = $2 WHERE id = $1`, values: [this.#key(), draw(random)] }
    }
    if (table === 'lines')
      return { text: 'UPDATE app.lines SET "Amount" = $2 WHERE "Order No" = $1', values: [this.#key(), this.#amount()] }
    return { text: 'UPDATE app.measured SET celsius = $2 WHERE sensor = $1', values: [this.#key(), random.next()] }
  }

  #delete(): Statement {
    const table = this.#random.pick(tables)
    if (table === 'documents') return { text: 'DELETE FROM app.documents WHERE id = $1', values: [this.#random.pick(this.#uuids)] }
    return { text: `DELETE FROM app.${table} WHERE ${numbered[table]} = $1`, values: [this.#key()] }
  }

  #changeKey(): Statement {
    const random = this.#random
    const table = random.pick(tables)
    if (table === 'measured')
      // To another partition, perhaps.
      return {
        text: 'UPDATE app.measured SET day = $3 WHERE sensor = $1 AND day = $2 AND NOT EXISTS (SELECT FROM app.measured WHERE sensor = $1 AND day = $3)',
        values: [this.#key(), this.#day(), this.#day()],
      }
    if (table === 'documents') {
      const [id, other] = [random.pick(this.#uuids), random.pick(this.#uuids)]
      return {
        text: 'UPDATE app.documents SET id = $2 WHERE id = $1 AND NOT EXISTS (SELECT FROM app.documents WHERE id = $2)',
        values: [id, other],
      }
    }
    const column = numbered[table]
    return {
      text: `UPDATE app.${table} SET ${column} = $2 WHERE ${column} = $1 AND NOT EXISTS (SELECT FROM app.${table} WHERE ${column} = $2)`,
      values: [this.#key(), this.#key()],
    }
  }

  /** Writes new rows, changes half of them in the same transaction, deletes a third. */
  large(count: number): Transaction {
    const first = this.#firstKey + keysInUse
    return [
      {
        text: `INSERT INTO app.accounts (id, owner, balance) SELECT n, 'large ' || n, n % 1000 + 0.25 FROM generate_series($1::integer, $2::integer) n ON CONFLICT DO NOTHING`,
        values: [first, first + count],
      },
      {
        text: `UPDATE app.accounts SET balance = balance + 1, state = 'large' WHERE id BETWEEN $1 AND $2 AND id % 2 = 0`,
        values: [first, first + count],
      },
      { text: 'DELETE FROM app.accounts WHERE id BETWEEN $1 AND $2 AND id % 3 = 0', values: [first, first + count] },
    ]
  }

  #key(): number {
    return this.#firstKey + this.#random.below(keysInUse)
  }

  #day(): string {
    return `${this.#random.between(2024, 2025)}-0${this.#random.between(1, 3)}-15`
  }

  #amount(): string | null {
    const random = this.#random
    return random.chance(0.1)
      ? null
      : `${random.chance(0.5) ? '-' : ''}${random.below(9_999_999)}.${String(random.below(100)).padStart(2, '0')}`
  }
}

/** The key column of each table that a number identifies. */
const numbered = { accounts: 'id', every_type: 'id', lines: '"Order No"', measured: 'sensor' } as const
