import type { Codec } from '../../../pipeline/column-types.ts'
import type { Encoder } from './encoder.ts'
import { listEncoder } from './lists.ts'
import { decimalEncoder, encodeFloat, encodeInt, encodeLong, floatTextEncoder, numericTextEncoder } from './numbers.ts'
import {
  bitsEncoder,
  encodeBinary,
  encodeBoolean,
  encodeByteaText,
  encodeHstore,
  encodeInterval,
  encodeJsonText,
  encodeText,
} from './texts.ts'
import {
  encodeDate,
  encodeDateText,
  encodeTime,
  encodeTimestamp,
  encodeTimestampText,
  encodeTimestamptz,
  encodeTimestamptzText,
  encodeTimeText,
  encodeTimetzText,
} from './times.ts'

type PlainCodec = Exclude<Codec, `${string}(${string})` | `list<${string}>`>

const encoders: Readonly<Record<PlainCodec, Encoder>> = {
  text: encodeText,
  boolean: encodeBoolean,
  int: encodeInt,
  long: encodeLong,
  float: encodeFloat,
  'real-text': floatTextEncoder(true),
  'double-text': floatTextEncoder(false),
  numeric: numericTextEncoder(undefined),
  date: encodeDate,
  time: encodeTime,
  timestamp: encodeTimestamp,
  timestamptz: encodeTimestamptz,
  binary: encodeBinary,
  'date-text': encodeDateText,
  'time-text': encodeTimeText,
  'timetz-text': encodeTimetzText,
  'timestamp-text': encodeTimestampText,
  'timestamptz-text': encodeTimestamptzText,
  'interval-text': encodeInterval,
  'bytea-text': encodeByteaText,
  'hstore-text': encodeHstore,
  'json-text': encodeJsonText,
}

const encoderByName: ReadonlyMap<string, Encoder> = new Map(Object.entries(encoders))

/** The encoder that a codec (of `Codec`) names. */
export function encoderOf(codec: string): Encoder {
  const plain = encoderByName.get(codec)
  if (plain) return plain
  const element = /^list<(.+)>$/.exec(codec)?.[1]
  if (element !== undefined) return listEncoder(encoderOf(element))
  const [, name = '', first = '', second = ''] = /^(decimal|numeric|bits)\((\d+)(?:,(\d+))?\)$/.exec(codec) ?? []
  if (name === 'decimal') return decimalEncoder(Number(first), Number(second))
  if (name === 'numeric') return numericTextEncoder(Number(first))
  if (name === 'bits') return bitsEncoder(Number(first))
  throw new Error(`no codec "${codec}": the plan is of another version than the transform`)
}
