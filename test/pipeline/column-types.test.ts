import {
  allowedIcebergTypes,
  columnCodec,
  icebergTypeOf,
  isIdentifierType,
  isToastable,
  parsePostgresType,
  typeWarnings,
  unsentReason,
} from '../../pipeline/column-types.ts'

test.each([
  ['int4', 'integer', 'integer', []],
  ['SERIAL', 'integer', 'integer', []],
  ['bigserial', 'bigint', 'bigint', []],
  ['varchar(50)', 'character varying(50)', 'character varying', [50]],
  ['char(3)', 'character(3)', 'character', [3]],
  ['char', 'character', 'character', [1]],
  ['"char"', '"char"', '"char"', []],
  ['decimal(12, 2)', 'numeric(12,2)', 'numeric', [12, 2]],
  ['numeric(5,-2)', 'numeric(5,-2)', 'numeric', [5, -2]],
  ['numeric', 'numeric', 'numeric', []],
  ['float(24)', 'real', 'real', []],
  ['float', 'double precision', 'double precision', []],
  ['timestamptz(3)', 'timestamp(3) with time zone', 'timestamp with time zone', [3]],
  ['timestamp(3) without time zone', 'timestamp(3) without time zone', 'timestamp without time zone', [3]],
  ['timestamp', 'timestamp without time zone', 'timestamp without time zone', []],
  ['time(0) with time zone', 'time(0) with time zone', 'time with time zone', [0]],
  ['interval day to second(3)', 'interval(3)', 'interval', [3]],
  ['varbit(8)', 'bit varying(8)', 'bit varying', [8]],
  ['public.citext', 'citext', 'citext', []],
  ['pg_catalog.int4', 'integer', 'integer', []],
])('%s is %s', (written, text, name, modifiers) => {
  expect(parsePostgresType(written)).toEqual({ text, name, kind: 'base', modifiers, array: false })
})

test('arrays, in each of their spellings', () => {
  for (const written of ['varchar(5)[]', 'varchar(5)[][]', 'varchar(5)[3]', 'varchar(5) array']) {
    expect(parsePostgresType(written)).toEqual({
      text: 'character varying(5)[]',
      name: 'character varying',
      kind: 'base',
      modifiers: [5],
      array: true,
    })
  }
  expect(parsePostgresType('timestamp(3)[]').text).toBe('timestamp(3) without time zone[]')
})

test('a user-defined type needs a hint of its kind', () => {
  expect(() => parsePostgresType('public.mood')).toThrow(
    expect.objectContaining({ name: 'InvalidTables', message: expect.stringContaining('"kind"') }),
  )
  expect(() => parsePostgresType('intger')).toThrow('"intger" is not a type of PostgreSQL\'s own')
  expect(parsePostgresType('public.mood', { kind: 'enum' })).toEqual({
    text: 'public.mood',
    name: 'public.mood',
    kind: 'enum',
    modifiers: [],
    array: false,
  })
  expect(() => parsePostgresType('email', { kind: 'domain' })).toThrow('baseType')
  expect(parsePostgresType('email', { kind: 'domain', baseType: 'varchar(80)' })).toEqual({
    text: 'email',
    name: 'character varying',
    kind: 'domain',
    modifiers: [80],
    array: false,
  })
  expect(parsePostgresType('ids', { kind: 'domain', baseType: 'int[]' })).toMatchObject({ name: 'integer', array: true })
  expect(parsePostgresType('geometry(Point,4326)', { kind: 'base' })).toMatchObject({
    text: 'geometry(Point,4326)',
    name: 'geometry',
    modifiers: [],
  })
  expect(parsePostgresType('int4range').kind).toBe('range')
  expect(parsePostgresType('datemultirange').kind).toBe('multirange')
})

test.each(['', '()', 'numeric(12', 'numeric(a)', 'text)'])('%j is not a type', (written) => {
  expect(() => parsePostgresType(written)).toThrow(expect.objectContaining({ name: 'InvalidTables' }))
})

test.each([
  ['integer', 'int', 'int'],
  ['oid', 'long', 'long'],
  ['numeric(12,2)', 'decimal(12,2)', 'decimal(12,2)'],
  ['numeric(5,-2)', 'decimal(7,0)', 'decimal(7,0)'],
  ['numeric(2,4)', 'decimal(4,4)', 'decimal(4,4)'],
  ['numeric(39,2)', 'string', 'numeric(2)'],
  ['numeric', 'string', 'numeric'],
  ['money', 'decimal(19,2)', 'decimal(19,2)'],
  ['double precision', 'double', 'float'],
  ['bit', 'boolean', 'boolean'],
  ['bit(8)', 'string', 'bits(8)'],
  ['time', 'string', 'time-text'],
  ['uuid', 'string', 'text'],
  ['timestamptz', 'timestamptz', 'timestamptz'],
  ['bytea', 'binary', 'binary'],
  ['text[]', 'list<string>', 'list<text>'],
  ['numeric(12,2)[]', 'list<decimal(12,2)>', 'list<decimal(12,2)>'],
  ['point', 'string', 'json-text'],
])('%s becomes %s by the codec %s', (written, iceberg, codec) => {
  const type = parsePostgresType(written)
  expect(icebergTypeOf(type)).toBe(iceberg)
  expect(allowedIcebergTypes(type)[0]).toBe(iceberg)
  expect(columnCodec(type, iceberg)).toBe(codec)
})

test('a column may be declared with another Iceberg type that holds its values, and with no other', () => {
  expect(allowedIcebergTypes(parsePostgresType('time'))).toEqual(['string', 'time'])
  expect(allowedIcebergTypes(parsePostgresType('uuid[]'))).toEqual(['list<string>', 'list<uuid>', 'string'])
  expect(columnCodec(parsePostgresType('numeric'), 'decimal(38,9)')).toBe('decimal(38,9)')
  expect(columnCodec(parsePostgresType('numeric(12,2)'), 'decimal(10,2)')).toBeUndefined()
  expect(columnCodec(parsePostgresType('bigint'), 'int')).toBeUndefined()
})

test('what can be stored out of line, and what is not carried faithfully', () => {
  expect(['text', 'jsonb', 'integer[]', 'varchar', 'varchar(501)'].map((text) => isToastable(parsePostgresType(text)))).not.toContain(false)
  expect(['integer', 'varchar(255)', 'numeric', 'uuid', 'timestamptz'].map((text) => isToastable(parsePostgresType(text)))).not.toContain(
    true,
  )
  expect(typeWarnings(parsePostgresType('integer'))).toEqual([])
  expect(typeWarnings(parsePostgresType('name')).join()).toMatch(/null for this type while streaming/)
  expect(typeWarnings(parsePostgresType('integer[]')).join()).toMatch(/more than one dimension/)
  expect(typeWarnings(parsePostgresType('pair', { kind: 'composite' })).join()).toMatch(/does not send/)
})

test('identifier fields are not floating point, nor lists', () => {
  expect(['int', 'string', 'decimal(38,0)', 'timestamptz'].map(isIdentifierType)).not.toContain(false)
  expect(['float', 'double', 'list<int>'].map(isIdentifierType)).not.toContain(true)
})

test.each([
  ['money[]', 'Debezium does not send columns of this type: the Iceberg column stays null'],
  ['name', 'Debezium sends null for this type while streaming (the initial snapshot has the value)'],
  ['integer', undefined],
  ['numeric(12,2)[]', undefined],
])('whether Debezium sends the values of %s is known without reading warnings', (text, reason) => {
  const type = parsePostgresType(text)
  expect(unsentReason(type)).toBe(reason)
  expect(typeWarnings(type).filter((warning) => warning === reason)).toEqual([reason].filter((one) => one !== undefined))
})

test('arrays of a domain are known not to be sent', () => {
  const type = { ...parsePostgresType('integer'), text: 'public.positive[]', kind: 'domain', array: true } as const
  expect(unsentReason(type)).toBe('Debezium does not send arrays of a domain: the Iceberg column stays null')
  expect(typeWarnings(type)).toContain(unsentReason(type))
})
