import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkRecord, recordFile } from '../../bin/record-file.ts'
import { parseDeployment } from '../../pipeline/deployment.ts'
import { capturedTables, parseTables } from '../../pipeline/tables.ts'

const directory = mkdtempSync(join(tmpdir(), 'record-'))
afterAll(() => rmSync(directory, { recursive: true }))

const deployment = parseDeployment(JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'local', 'deployment.json'), 'utf8')))
let told: string[] = []
beforeEach(() => {
  told = []
})
const check = (file: string, tables: ReturnType<typeof table>) => checkRecord(file, deployment, tables, (line) => told.push(line))
const table = (type: string) =>
  capturedTables(parseTables({ tables: [{ schema: 'public', name: 't', columns: [{ name: 'id', type }], primaryKey: ['id'] }] }))

test('a record is beside the deployment that it is of', () => {
  expect(recordFile('/app/prod.json')).toBe('/app/prod.lock.json')
})

test('it is written once the synthesis has succeeded, left alone by the same one again, and refuses one that it cannot become', () => {
  const file = join(directory, 'one.lock.json')
  const write = check(file, table('integer'))
  expect([existsSync(file), told]).toEqual([false, []])
  write()
  expect(told).toEqual([expect.stringMatching(/one\.lock\.json begins the record .* commit it .* take its record from version control/)])
  const { mtimeMs } = statSync(file)
  const text = readFileSync(file, 'utf8')
  check(file, table('integer'))()
  expect(told).toHaveLength(1)
  expect([statSync(file).mtimeMs, readFileSync(file, 'utf8')]).toEqual([mtimeMs, text])
  expect(() => check(file, table('bigint'))).toThrow(/one\.lock\.json records Iceberg tables that cannot become/)
  expect(readFileSync(file, 'utf8')).toBe(text)
})

test('neither a deployment file nor its record is ignored by version control: a team has to share both', () => {
  const ignored = readFileSync(join(import.meta.dirname, '..', '..', '.gitignore'), 'utf8').split('\n')
  expect(ignored.filter((line) => /\.json$|lock/.test(line))).toEqual(['cdk.context.json'])
})

test('a record that a merge has broken is refused', () => {
  const file = join(directory, 'broken.lock.json')
  writeFileSync(file, '<<<<<<< HEAD')
  expect(() => check(file, table('integer'))).toThrow('is not JSON: take it from version control again')
})
