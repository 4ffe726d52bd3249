import type { Random } from './random.ts'

/** A column with how a value of it is drawn, as the text that PostgreSQL takes; what Iceberg cannot hold is not drawn. */
export interface DrawnColumn {
  readonly name: string
  readonly type: string
  readonly draw: (random: Random) => string
}

const texts = [
  '',
  ' ',
  'null',
  'NEW',
  'with "quotes" and \\backslashes\\',
  'Größe, 漢字, 🙂, \u2028 \ufeff',
  '\t\n\r\u0001',
  '{"before":null,"op":"d","source":{"table":"x"}}',
  "it's",
] as const

/** Text that a reader of JSON may stumble over, and ordinary one. */
export function drawText(random: Random): string {
  return random.chance(0.5) ? random.pick(texts) : `word ${random.below(1e9).toString(36)}`
}

/** So many letters that do not compress: what is long is stored out of line. */
export function drawLetters(random: Random, length: number): string {
  let letters = ''
  while (letters.length < length) letters += random.next().toString(36).slice(2)
  return letters.slice(0, length)
}

const digits = (random: Random, count: number) => Array.from({ length: count }, () => random.below(10)).join('')
/** Without leading zeroes, which some types print otherwise. */
const whole = (random: Random, count: number) =>
  `${random.chance(0.5) ? '-' : ''}${random.between(1, 9)}${digits(random, random.below(count))}`
/** @param before digits before the point, at most */
const decimal = (before: number, after: number) => (random: Random) =>
  random.chance(0.1) ? '0' : `${whole(random, before)}.${digits(random, after)}`
const two = (value: number) => String(value).padStart(2, '0')
const day = (random: Random) => `${random.between(1900, 2200)}-${two(random.between(1, 12))}-${two(random.between(1, 28))}`
const clock = (places: number) => (random: Random) =>
  `${two(random.below(24))}:${two(random.below(60))}:${two(random.below(60))}.${digits(random, places)}`
const moment = (places: number) => (random: Random) => `${day(random)} ${clock(places)(random)}`
const instant = (random: Random) => `${moment(6)(random)}${random.pick(['+00', '+02', '-11:30'])}`
const hex = (random: Random, count: number) => Array.from({ length: count }, () => random.below(16).toString(16)).join('')
export const drawUuid = (random: Random): string =>
  `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-a${hex(random, 3)}-${hex(random, 12)}`
const bits = (random: Random, count: number) => Array.from({ length: count }, () => random.below(2)).join('')
const float = (random: Random) => random.pick(['0', '-1.5', '0.1', '1e21', '-2.25e-7', '16777216', String(random.next())])
const json = (random: Random) => JSON.stringify({ a: random.next(), b: [null, drawText(random), { c: random.chance(0.5) }] })
const mac = (random: Random, groups: number) => Array.from({ length: groups }, () => hex(random, 2)).join(':')
const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
/** Never of nothing but NULL, which fails: Debezium sends the same for an array of two dimensions. */
const array =
  (draw: (random: Random) => string, withNull = true) =>
  (random: Random) =>
    `{${Array.from({ length: random.below(4) }, (_, index) => (withNull && index > 0 && random.chance(0.3) ? 'NULL' : quoted(draw(random)))).join(',')}}`
const range = (draw: (random: Random) => string) => (random: Random) => random.pick(['empty', '(,)', `[${draw(random)},)`])

/** One column of every type that reaches Iceberg faithfully, beside the key. `app.` are types of the workload's own. */
export const everyType: readonly DrawnColumn[] = [
  { name: 'c_smallint', type: 'smallint', draw: (random) => String(random.between(-32768, 32767)) },
  { name: 'c_integer', type: 'integer', draw: (random) => String(random.between(-(2 ** 31), 2 ** 31 - 1)) },
  { name: 'c_bigint', type: 'bigint', draw: (random) => random.pick(['9223372036854775807', '9007199254740993', whole(random, 17)]) },
  { name: 'c_oid', type: 'oid', draw: (random) => String(random.below(2 ** 32)) },
  { name: 'c_decimal', type: 'numeric(12,2)', draw: decimal(9, 2) },
  { name: 'c_decimal_wide', type: 'numeric(38,10)', draw: decimal(27, 10) },
  { name: 'c_numeric', type: 'numeric', draw: (random) => random.pick(['NaN', 'Infinity', '1e-21', decimal(40, 6)(random)]) },
  { name: 'c_numeric_rounded', type: 'numeric(5,-2)', draw: (random) => `${random.between(-999, 999)}00` },
  { name: 'c_numeric_long', type: 'numeric(100,50)', draw: decimal(49, 50) },
  { name: 'c_money', type: 'money', draw: decimal(12, 2) },
  { name: 'c_real', type: 'real', draw: float },
  { name: 'c_double', type: 'double precision', draw: float },
  { name: 'c_boolean', type: 'boolean', draw: (random) => String(random.chance(0.5)) },
  { name: 'c_char', type: 'char(5)', draw: (random) => random.pick(['ab', 'abcde', '']) },
  { name: 'c_bpchar', type: 'bpchar', draw: (random) => random.pick(['ab ', 'abc', '']) },
  { name: 'c_one_char', type: '"char"', draw: (random) => random.pick(['x', '"', '7']) },
  { name: 'c_varchar', type: 'varchar(60)', draw: drawText },
  { name: 'c_text', type: 'text', draw: drawText },
  { name: 'c_citext', type: 'public.citext', draw: drawText },
  { name: 'c_xml', type: 'xml', draw: (random) => `<a b="${random.below(9)}">x &amp; y</a>` },
  { name: 'c_json', type: 'json', draw: json },
  { name: 'c_jsonb', type: 'jsonb', draw: json },
  { name: 'c_hstore', type: 'public.hstore', draw: (random) => `"a"=>"${random.below(9)}", "b c"=>NULL` },
  { name: 'c_ltree', type: 'public.ltree', draw: (random) => `Top.Part${random.below(9)}` },
  { name: 'c_uuid', type: 'uuid', draw: drawUuid },
  { name: 'c_enum', type: 'app.mood', draw: (random) => random.pick(['sad', 'so so', 'happy']) },
  { name: 'c_domain', type: 'app.positive', draw: (random) => String(random.between(1, 1000)) },
  { name: 'c_tsvector', type: 'tsvector', draw: (random) => `cat:3 fat:${random.between(1, 9)}A` },
  { name: 'c_inet', type: 'inet', draw: (random) => random.pick(['::1', `10.0.0.${random.below(256)}`, '192.168.0.1/24']) },
  { name: 'c_cidr', type: 'cidr', draw: (random) => `10.${random.below(256)}.0.0/16` },
  { name: 'c_macaddr', type: 'macaddr', draw: (random) => mac(random, 6) },
  { name: 'c_macaddr8', type: 'macaddr8', draw: (random) => mac(random, 8) },
  { name: 'c_bit', type: 'bit(1)', draw: (random) => bits(random, 1) },
  { name: 'c_bits', type: 'bit(12)', draw: (random) => bits(random, 12) },
  { name: 'c_bytea', type: 'bytea', draw: (random) => `\\x${hex(random, 2 * random.below(20))}` },
  { name: 'c_date', type: 'date', draw: day },
  { name: 'c_time', type: 'time', draw: clock(6) },
  { name: 'c_timetz', type: 'timetz', draw: (random) => `${clock(6)(random)}${random.pick(['+00', '+02', '-11:30'])}` },
  { name: 'c_timestamp', type: 'timestamp', draw: moment(6) },
  { name: 'c_timestamp_3', type: 'timestamp(3)', draw: moment(3) },
  { name: 'c_timestamptz', type: 'timestamptz', draw: instant },
  {
    name: 'c_interval',
    type: 'interval',
    draw: (random) => `${random.below(9)} years ${random.between(-20, 20)} days ${clock(6)(random)}`,
  },
  { name: 'c_int4range', type: 'int4range', draw: range((random) => String(random.below(1000))) },
  { name: 'c_int8range', type: 'int8range', draw: range((random) => String(random.below(2 ** 40))) },
  { name: 'c_tsrange', type: 'tsrange', draw: range(moment(6)) },
  { name: 'c_tstzrange', type: 'tstzrange', draw: range(instant) },
  { name: 'c_numrange', type: 'numrange', draw: range(decimal(3, 2)) },
  { name: 'c_daterange', type: 'daterange', draw: range(day) },
  { name: 'c_integers', type: 'integer[]', draw: array((random) => String(random.below(1e9))) },
  { name: 'c_bigints', type: 'bigint[]', draw: array((random) => whole(random, 17)) },
  { name: 'c_decimals', type: 'numeric(12,2)[]', draw: array(decimal(9, 2)) },
  { name: 'c_doubles', type: 'double precision[]', draw: array(float) },
  { name: 'c_booleans', type: 'boolean[]', draw: array((random) => String(random.chance(0.5))) },
  { name: 'c_texts', type: 'text[]', draw: array(drawText) },
  { name: 'c_uuids', type: 'uuid[]', draw: array(drawUuid) },
  { name: 'c_dates', type: 'date[]', draw: array(day) },
  { name: 'c_timestamps', type: 'timestamp[]', draw: array(moment(6)) },
  { name: 'c_timestamptzs', type: 'timestamptz[]', draw: array(instant) },
  { name: 'c_jsonbs', type: 'jsonb[]', draw: array(json) },
  { name: 'c_enums', type: 'app.mood[]', draw: array((random) => random.pick(['sad', 'so so', 'happy']), false) },
  { name: 'c_inets', type: 'inet[]', draw: array((random) => `10.0.0.${random.below(256)}`) },
]
