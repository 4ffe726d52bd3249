import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/**
 * How a deployed function can misbehave. The first ones are Lambda's own failures; the last two are builds of the transform that are wrong,
 * by which the suite itself is tested.
 */
export const misbehaviours = [
  'throws',
  'exits',
  'hangs',
  'nonsense',
  'loses',
  'answers twice',
  'too much',
  'inserts',
  'keeps first',
] as const
export type Misbehaviour = (typeof misbehaviours)[number]

/** The transform's deployed bundle, with something around it that makes it misbehave when told to. */
export interface WrappedFunction {
  /** From its next invocation on. */
  misbehave(how: Misbehaviour): void
  behave(): void
}

const deliverySettings = z.object({
  functions: z.record(z.string(), z.object({ assetDirectory: z.string(), handler: z.string() })),
  stream: z.unknown(),
})

/**
 * Wraps the bundle in a run's data folder. A process that loaded it before goes on as it was: it has to be ended.
 * @throws Error where the delivery has not one function
 */
export function wrapFunction(dataDirectory: string): WrappedFunction {
  const settings = deliverySettings.parse(JSON.parse(readFileSync(join(dataDirectory, 'delivery.json'), 'utf8')))
  const stream = JSON.stringify(settings.stream)
  const [fn, ...others] = Object.entries(settings.functions).filter(([arn]) => stream.includes(arn))
  if (!fn || others.length > 0) throw new Error('the stream does not have one function')
  const [, { assetDirectory, handler }] = fn
  const [file = '', name = ''] = handler.split('.')
  const bundle = join(assetDirectory, `${file}.mjs`)
  const original = join(assetDirectory, 'original.mjs')
  const order = join(assetDirectory, 'misbehaviour')
  if (!existsSync(original)) renameSync(bundle, original)
  writeFileSync(bundle, wrapper(name))
  rmSync(order, { force: true })
  return {
    misbehave: (how) => writeFileSync(order, how),
    behave: () => rmSync(order, { force: true }),
  }
}

/** Runs inside the function's process, before and after the real handler. */
const wrapper = (name: string) => `import { existsSync, readFileSync } from 'node:fs'
import { ${name} as real } from './original.mjs'

const order = new URL('misbehaviour', import.meta.url)

export async function ${name}(event, context) {
  const how = existsSync(order) ? readFileSync(order, 'utf8') : ''
  if (how === 'throws') throw new Error('told to fail')
  if (how === 'exits') process.exit(1)
  if (how === 'hangs') await new Promise((resolve) => setTimeout(resolve, 3600_000))
  if (how === 'nonsense') return { statusCode: 200, body: 'ok' }
  if (how === 'too much') return { records: event.records.map(({ recordId }) => ({ recordId, result: 'Ok', data: 'A'.repeat(7 * 2 ** 20) })) }
  // Turned round, the first change of a row is the one with the highest offset.
  if (how === 'keeps first')
    for (const record of event.records)
      record.mskRecordMetadata.offset = String(2n ** 52n - BigInt(record.mskRecordMetadata.offset))
  const answer = await real(event, context)
  if (how === 'loses') return { ...answer, records: answer.records.slice(1) }
  if (how === 'answers twice') return { ...answer, records: [...answer.records, ...answer.records] }
  if (how === 'inserts') return JSON.parse(JSON.stringify(answer).replaceAll('"operation":"update"', '"operation":"insert"'))
  return answer
}
`
