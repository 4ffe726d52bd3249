import { athenaTable, type IcebergPlace } from './athena-sql.ts'
import { type KeyForm, keyCondition } from './key-forms.ts'
import { vanishedKeysTable } from './names.ts'
import { quoteLiteral, quoteTable } from './source-sql.ts'
import type { CapturedTable } from './tables.ts'

/** A table whose keys can be compared at both sides. */
export interface KeyedTable {
  readonly table: CapturedTable
  readonly forms: readonly KeyForm[]
}

const vanished = quoteTable(vanishedKeysTable)
const ofTable = 'v.table_schema = :schema::text AND v.table_name = :name::text'

const sourceHas = ({ table, forms }: KeyedTable, key: string) =>
  `EXISTS (SELECT FROM ${quoteTable(table)} AS t WHERE ${keyCondition(table, forms, 't', key)})`

/** All keys of the Iceberg table, each column as text. */
export function icebergKeysQuery(place: IcebergPlace, { table, forms }: KeyedTable): string {
  return `SELECT ${forms.map(({ iceberg }, index) => `${iceberg} AS k${index}`).join(', ')} FROM ${athenaTable(place, table.iceberg)}`
}

/** Notes those of the keys that the source does not have. Parameters: schema, name, keys (JSON). Changes as many rows as it noted. */
export function noteVanishedStatement(keyed: KeyedTable): string {
  return `
  INSERT INTO ${vanished} (table_schema, table_name, key)
  SELECT DISTINCT :schema::text, :name::text, k.key FROM json_array_elements_text(:keys::json) AS k(key) WHERE NOT ${sourceHas(keyed, 'k.key')}
  ON CONFLICT (table_schema, table_name, md5(key)) DO UPDATE SET found_at = clock_timestamp(), removed_at = NULL, came_back = false`
}

/**
 * Notes keys whose rows are to be brought again: one that the source has as one that came back, to be read again, any other to be removed from Iceberg.
 * Parameters: schema, name, keys (JSON).
 */
export function noteDoubtedStatement(keyed: KeyedTable): string {
  return `
  INSERT INTO ${vanished} (table_schema, table_name, key, removed_at, came_back)
  SELECT :schema::text, :name::text, d.key, CASE WHEN d.there THEN clock_timestamp() END, d.there
    FROM (SELECT DISTINCT k.key, ${sourceHas(keyed, 'k.key')} AS there FROM json_array_elements_text(:keys::json) AS k(key)) AS d
  ON CONFLICT (table_schema, table_name, md5(key)) DO UPDATE
    SET found_at = clock_timestamp(), removed_at = excluded.removed_at, came_back = excluded.came_back`
}

/** Those of the keys that the source has: a row each, in the column `key`. Parameter: keys (JSON). */
export function presentKeysQuery(keyed: KeyedTable): string {
  return `SELECT k.key AS key FROM json_array_elements_text(:keys::json) AS k(key) WHERE ${sourceHas(keyed, 'k.key')}`
}

/**
 * Keys that another act found long ago. Those of the last day are looked at once more: an act that was cut off may have had a removal on its way.
 * Parameters: schema, name.
 */
export const forgetVanishedStatement = `
  DELETE FROM ${vanished} AS v WHERE ${ofTable} AND v.removed_at IS NOT NULL AND v.found_at < clock_timestamp() - interval '1 day'`

/** The next keys to remove from Iceberg, as many as one statement of Athena's (262,144 bytes) surely holds. Parameters: schema, name, most. */
export const nextVanishedQuery = `
  SELECT n.key FROM (
    SELECT i.key, sum(octet_length(i.key)) OVER (ORDER BY md5(i.key)) - octet_length(i.key) AS before FROM (
      SELECT v.key FROM ${vanished} v WHERE ${ofTable} AND v.removed_at IS NULL ORDER BY md5(v.key) LIMIT :most::int) AS i) AS n
   WHERE n.before < 50000`

/** Keys that one statement removes. */
export const mostKeys = { ofOneColumn: 5000, ofSeveral: 200 } as const

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`

/** Removes rows by their keys, which are lists of texts. */
export function removeRowsStatement(place: IcebergPlace, { table, forms }: KeyedTable, keys: readonly (readonly string[])[]): string {
  const [first] = forms
  const condition =
    first && forms.length === 1
      ? `${first.iceberg} IN (${keys.map(([text = '']) => literal(text)).join(', ')})`
      : keys.map((key) => `(${forms.map(({ iceberg }, index) => `${iceberg} = ${literal(key[index] ?? '')}`).join(' AND ')})`).join(' OR ')
  return `DELETE FROM ${athenaTable(place, table.iceberg)} WHERE ${condition}`
}

/** Parameters: schema, name, keys (JSON). */
export const removedStatement = `
  UPDATE ${vanished} AS v SET removed_at = clock_timestamp() WHERE ${ofTable} AND v.key IN (SELECT json_array_elements_text(:keys::json))`

/** Up to which digest the next keys are looked at again: a row without a digest where there are none. Parameters: schema, name, after. */
export const recheckedUpToQuery = `
  SELECT max(n.digest) AS upto FROM (
    SELECT md5(v.key) AS digest FROM ${vanished} v WHERE ${ofTable} AND md5(v.key) > :after::text ORDER BY md5(v.key) LIMIT 5000) AS n`

/** Looks whether the source has keys that were removed from Iceberg. Parameters: schema, name, after, upto. */
export function recheckStatement(keyed: KeyedTable): string {
  return `
  UPDATE ${vanished} AS v SET came_back = ${sourceHas(keyed, 'v.key')}
   WHERE ${ofTable} AND md5(v.key) > :after::text AND md5(v.key) <= :upto::text`
}

/** How many keys came back: one row. Parameters: schema, name. */
export const cameBackQuery = `SELECT count(*)::text AS count FROM ${vanished} v WHERE ${ofTable} AND v.came_back`

/** The same, of those that the source still has. */
export const stillThereQuery = (keyed: KeyedTable) =>
  `SELECT count(*)::text AS count FROM ${vanished} v WHERE ${ofTable} AND v.came_back AND ${sourceHas(keyed, 'v.key')}`

/** The condition, in a query of the table itself, under which its row is one that came back; it quotes no key. */
export function cameBackFilter({ table, forms }: KeyedTable): string {
  const own = `v.table_schema = ${quoteLiteral(table.schema)} AND v.table_name = ${quoteLiteral(table.name)}`
  return `EXISTS (SELECT FROM ${vanished} v WHERE ${own} AND v.came_back AND ${keyCondition(table, forms, quoteTable(table), 'v.key')})`
}
