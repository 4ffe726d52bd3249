import type { Scenario } from './scenario.ts'

const filler = (letter: string) => `repeat('${letter}', 300)`
const many = (value: string, count = 60) => `array_fill(${value}, ARRAY[${count}])`

/** A column of a type that can be stored out of line, and a value for it that is long enough, made from a letter. */
type LongColumn = readonly [name: string, type: string, value: (letter: string) => string]

const columns: readonly LongColumn[] = [
  ['text', 'text', filler],
  ['required', 'text NOT NULL', filler],
  ['varchar', 'varchar(4000)', filler],
  ['char', 'char(500)', filler],
  ['citext', 'citext', filler],
  ['long_email', 'email', (letter) => `${filler(letter)} || '@'`],
  ['xml', 'xml', (letter) => `('<a>' || ${filler(letter)} || '</a>')::xml`],
  ['raw', 'json', (letter) => `to_json(${filler(letter)})`],
  ['doc', 'jsonb', (letter) => `to_jsonb(${filler(letter)})`],
  ['pairs', 'hstore', (letter) => `hstore('key', ${filler(letter)})`],
  ['label', 'ltree', (letter) => `${filler(letter)}::ltree`],
  ['search', 'tsvector', (letter) => `to_tsvector('simple', ${filler(letter)})`],
  ['bytes', 'bytea', (letter) => `convert_to(${filler(letter)}, 'UTF8')`],
  ['bits', 'bit varying', () => `repeat('10', 1500)::bit varying`],
  ['number', 'numeric', () => `(repeat('9', 600) || '.5')::numeric`],
  ['range', 'numrange', () => `numrange(1, repeat('9', 600)::numeric)`],
  ['path', 'path', () => `('[' || repeat('(1,1),', 30) || '(2,2)]')::path`],
  ['polygon', 'polygon', () => `('(' || repeat('(1,1),', 30) || '(2,2))')::polygon`],
  ['texts', 'text[]', (letter) => `ARRAY[${filler(letter)}, 'short', NULL]`],
  ['varchars', 'varchar(400)[]', (letter) => `ARRAY[${filler(letter)}]::varchar(400)[]`],
  ['jsons', 'json[]', (letter) => `ARRAY[to_json(${filler(letter)})]`],
  ['docs', 'jsonb[]', (letter) => `ARRAY[to_jsonb(${filler(letter)})]`],
  ['hstores', 'hstore[]', (letter) => `ARRAY[hstore('key', ${filler(letter)})]`],
  ['byteses', 'bytea[]', (letter) => `ARRAY[convert_to(${filler(letter)}, 'UTF8')]`],
  ['uuids', 'uuid[]', () => many("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", 20)],
  ['smalls', 'smallint[]', () => many('7::smallint', 200)],
  ['ints', 'integer[]', () => many('7')],
  ['bigs', 'bigint[]', () => many('7::bigint')],
  ['oids', 'oid[]', () => many('7::oid')],
  ['numbers', 'numeric[]', () => many('1.5')],
  ['decimals', 'numeric(10,2)[]', () => many('1.50::numeric(10,2)')],
  ['reals', 'real[]', () => many('1.5::real')],
  ['doubles', 'double precision[]', () => many('1.5::float8')],
  ['flags', 'boolean[]', () => many('true', 250)],
  ['dates', 'date[]', () => many("'2024-02-29'::date")],
  ['times', 'time[]', () => many("'11:14:15'::time")],
  ['timetzs', 'timetz[]', () => many("'11:14:15Z'::timetz")],
  ['timestamps', 'timestamp[]', () => many("'2024-02-29 12:34:56'::timestamp")],
  ['timestamptzs', 'timestamptz[]', () => many("'2024-02-29 12:34:56Z'::timestamptz")],
  ['inets', 'inet[]', () => many("'10.0.0.1'::inet")],
  ['moods', 'mood[]', () => many("'happy'::mood")],
  ['ranges', 'int4range[]', () => many("'[1,5)'::int4range")],
]

/**
 * Rows wide enough that every column is stored out of line (and uncompressed, so that short values do): an update leaves unchanged columns
 * out of the WAL, and Debezium puts a placeholder in their place, in a form of its own for each type.
 */
export function toastScenario(name: string, identity: 'DEFAULT' | 'FULL', only: number = columns.length): Scenario {
  const used = columns.slice(0, only)
  const insert = (id: number, letter: string) =>
    `INSERT INTO ${name} VALUES (${[id, 0, ...used.map(([, , value]) => value(letter))].join(', ')})`
  return {
    schema: 'public',
    name,
    create: [
      `CREATE TABLE ${name} (${['id integer PRIMARY KEY', 'version integer', ...used.map(([column, type]) => `"${column}" ${type}`)].join(', ')})`,
      ...used.map(([column]) => `ALTER TABLE ${name} ALTER COLUMN "${column}" SET STORAGE EXTERNAL`),
      `ALTER TABLE ${name} SET (toast_tuple_target = 128)`,
      `ALTER TABLE ${name} REPLICA IDENTITY ${identity}`,
    ],
    initially: [insert(1, 'a')],
    changes: [
      insert(2, 'b'),
      // All out-of-line values unchanged, then all but one, then all but two that become short.
      `UPDATE ${name} SET version = 1 WHERE id = 2`,
      `UPDATE ${name} SET text = ${filler('c')} WHERE id = 2`,
      `UPDATE ${name} SET doc = NULL, varchar = '' WHERE id = 2`,
      `UPDATE ${name} SET version = 2 WHERE id = 1`,
      `UPDATE ${name} SET id = 3 WHERE id = 1`,
      // What looks like an unchanged value and is one that somebody wrote.
      `UPDATE ${name} SET text = '__debezium_unavailable_value' WHERE id = 2`,
      `DELETE FROM ${name} WHERE id = 2`,
    ],
  }
}
