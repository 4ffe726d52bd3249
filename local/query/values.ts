import {
  DuckDBBlobValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api'

/** A value as Athena's console shows it; null stays null. Exact: numbers beyond a double's reach are never made one. */
export function valueText(value: DuckDBValue, type: DuckDBType): string | null {
  if (value === null) return null
  const plain = jsonValue(value, type)
  return typeof plain === 'string' ? plain : JSON.stringify(plain)
}

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }

/**
 * A value for JSON: what a double holds exactly is a number, everything else (bigint, decimal, dates and times, NaN) is text. Binary is
 * hexadecimal; lists are arrays, structs and maps objects. Which of them a column has depends on its type, never on the value.
 */
export function jsonValue(value: DuckDBValue, type: DuckDBType): JsonValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return String(value)
    return type.typeId === DuckDBTypeId.FLOAT ? shortestFloat(value) : value
  }
  if (typeof value === 'bigint') return String(value)
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('hex')
  // Its own text would be in the zone of this machine.
  if (value instanceof DuckDBTimestampTZValue) return `${new DuckDBTimestampValue(value.micros).toString()} UTC`
  if (value instanceof DuckDBListValue) return value.items.map((item) => jsonValue(item, elementType(type)))
  if (value instanceof DuckDBMapValue) {
    return Object.fromEntries(
      value.entries.map((entry) => [keyText(entry.key), jsonValue(entry.value, 'valueType' in type ? type.valueType : type)]),
    )
  }
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, item]) => [name, jsonValue(item, fieldType(type, name))]))
  }
  return value.toString()
}

function keyText(key: DuckDBValue): string {
  return typeof key === 'string' ? key : String(key)
}

function elementType(type: DuckDBType): DuckDBType {
  return 'valueType' in type ? type.valueType : type
}

function fieldType(type: DuckDBType, name: string): DuckDBType {
  if (!('entryNames' in type)) return type
  return type.entryTypes[type.entryNames.indexOf(name)] ?? type
}

/** The fewest digits that are the same float: 0.1, not 0.10000000149011612. */
function shortestFloat(value: number): number {
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return value
}
