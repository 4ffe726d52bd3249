import { stillFits } from '../../../../local/delivery/commit/table-commit.ts'
import type { IcebergTable } from '../../../../local/iceberg/catalog.ts'
import { parseColumns } from '../../../../local/iceberg/iceberg-type.ts'

const columns = (...types: string[]) => parseColumns(types.map((type, index) => ({ name: `c${index}`, required: false, type })))
const table = (...types: string[]): IcebergTable => ({
  namespace: 'n',
  name: 't',
  uuid: 'u',
  location: '',
  formatVersion: 2,
  schemaId: 0,
  columns: columns(...types),
  identifierFields: [],
  properties: {},
  snapshotTimesMs: [],
  currentSnapshot: undefined,
})
const staged = (...types: string[]) => ({
  namespace: 'n',
  table: 't',
  columns: columns(...types),
  keys: [],
  errorOutputPrefix: undefined,
  rowCount: 1,
  bytes: 1,
  hasKeyOperations: false,
  stagedName: 's',
})

test.each([
  [['int'], ['int', 'string'], true],
  [['int', 'float', 'decimal(5, 2)'], ['long', 'double', 'decimal(9, 2)'], true],
  [['int', 'string'], ['int'], false],
  [['long'], ['int'], false],
  [['double'], ['float'], false],
  [['decimal(9, 2)'], ['decimal(5, 2)'], false],
  [['decimal(5, 2)'], ['decimal(9, 3)'], false],
  [['int'], ['string'], false],
])('rows staged for %j fit a table of %j: %s', (then, now, fits) => expect(stillFits(table(...now), staged(...then))).toBe(fits))
