import { errorNames, PipelineError } from '../../pipeline/errors.ts'

test('an error carries its name as a literal and its cause', () => {
  const cause = new Error('why')
  const error = new PipelineError('InvalidTables', 'tables.json: no table', { cause })
  expect(error).toBeInstanceOf(Error)
  expect(error.name).toBe('InvalidTables')
  expect(error.cause).toBe(cause)
  expect(Object.keys(errorNames)).toContain(error.name)
})
