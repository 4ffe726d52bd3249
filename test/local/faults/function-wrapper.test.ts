import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { type Misbehaviour, type WrappedFunction, wrapFunction } from '../../../local/faults/function-wrapper.ts'

const folder = mkdtempSync(join(tmpdir(), 'wrapped-'))
const asset = join(folder, 'asset')
let wrapped: WrappedFunction

/** Answers what it was given, as an update of a table. */
const bundle = `export const handler = async ({ records }) => ({
  records: records.map(({ recordId, mskRecordMetadata }) => ({
    recordId, result: 'Ok', data: mskRecordMetadata.offset, metadata: { otfMetadata: { operation: 'update' } } })),
})`
const event = { records: ['7', '8'].map((offset) => ({ recordId: `r${offset}`, mskRecordMetadata: { offset } })) }

beforeAll(() => {
  mkdirSync(asset)
  writeFileSync(join(asset, 'index.mjs'), bundle)
  const fn = (assetDirectory: string) => ({ assetDirectory, handler: 'index.handler' })
  const settings = { functions: { 'arn:one': fn(asset), 'arn:other': fn('/nowhere') }, stream: { Processors: [{ LambdaArn: 'arn:one' }] } }
  writeFileSync(join(folder, 'delivery.json'), JSON.stringify(settings))
  wrapped = wrapFunction(folder)
})

afterAll(() => rmSync(folder, { recursive: true }))

const answerShape = z.object({
  records: z.array(
    z.object({ recordId: z.string(), data: z.string(), metadata: z.object({ otfMetadata: z.object({ operation: z.string() }) }) }),
  ),
})

/** As Lambda loads and calls it: in a process of its own. */
function invoke(how?: Misbehaviour): unknown {
  if (how) wrapped.misbehave(how)
  else wrapped.behave()
  const code = `const { handler } = await import(${JSON.stringify(pathToFileURL(join(asset, 'index.mjs')).href)})
    process.stdout.write(JSON.stringify(await handler(${JSON.stringify(event)}, {})))`
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', stdio: 'pipe', maxBuffer: 32 * 2 ** 20 }),
  )
}

const records = (how?: Misbehaviour) => answerShape.parse(invoke(how)).records

test('the bundle is as it was until it is told to misbehave, and after', () => {
  const right = [
    { recordId: 'r7', data: '7', metadata: { otfMetadata: { operation: 'update' } } },
    { recordId: 'r8', data: '8', metadata: { otfMetadata: { operation: 'update' } } },
  ]
  expect(records()).toEqual(right)
  expect(records('loses')).not.toEqual(right)
  expect(records()).toEqual(right)
  wrapFunction(folder)
  expect(records()).toEqual(right)
})

test('it fails as it is told to', () => {
  expect(() => invoke('throws')).toThrow('told to fail')
  expect(() => invoke('exits')).toThrow(expect.objectContaining({ status: 1 }))
  expect(invoke('nonsense')).toEqual({ statusCode: 200, body: 'ok' })
  expect(records('loses').map(({ recordId }) => recordId)).toEqual(['r8'])
  expect(records('answers twice')).toHaveLength(4)
  expect(JSON.stringify(invoke('too much')).length).toBeGreaterThan(6 * 2 ** 20)
})

test('wrong builds change what is asked or answered, and nothing else', () => {
  expect(records('inserts').map(({ metadata }) => metadata.otfMetadata.operation)).toEqual(['insert', 'insert'])
  const [first, second] = records('keeps first').map(({ data }) => BigInt(data))
  expect(first! > second!).toBe(true)
})
