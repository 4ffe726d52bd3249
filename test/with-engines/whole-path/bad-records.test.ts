import { readFileSync } from 'node:fs'
import { basename, relative } from 'node:path'
import { type BadColumns, type BadRecord, badRecords, type Envelope } from '../../../local/faults/bad-records.ts'
import { openTopic, type Topic } from '../../../local/faults/topic.ts'
import type { VerificationReport } from '../../../local/verification/verify-tables.ts'
import { runCommand } from './command.ts'
import { deploymentFile } from './deployment-file.ts'
import { eventually, type StartedRun, startRun } from './started-run.ts'
import { filesBelow, throwAway, throwawayFolder } from './throwaway.ts'

/** Stands in every bad record; no log may show it. */
const content = 'confidential'
const dataDirectory = throwawayFolder()
const settingsFolder = throwawayFolder()
let started: StartedRun
let topic: Topic

beforeAll(async () => {
  // Long enough for good and bad records to come into one batch of the function.
  const file = deploymentFile(settingsFolder, { transform: { bufferIntervalSeconds: 2 } })
  started = await startRun(dataDirectory, { deploymentFile: file })
  topic = await openTopic(started.run.state.kafkaBootstrap)
}, 300_000)

afterAll(async () => {
  try {
    await topic?.close()
    await started?.stop()
  } finally {
    throwAway(dataDirectory)
    throwAway(settingsFolder)
  }
}, 300_000)

const json = (value: unknown) => Buffer.from(JSON.stringify(value))

const columns: BadColumns = {
  key: 'order_id',
  text: 'status',
  otherText: 'order_date',
  integer: 'customer_id',
  decimal: 'total_amount',
}

/** One order at the source; resolves when its change event is on the topic. */
async function order(id: number): Promise<void> {
  const before = await topic.end()
  await started.atSource((client) => client.query('INSERT INTO public.orders (order_id, status) VALUES ($1, $2)', [id, 'NEW']))
  await eventually(async () => ((await topic.end()) > before ? true : undefined), 30_000, 'the change event of an order')
}

interface ErrorLine extends Record<string, unknown> {
  readonly errorCode: string
  readonly rawData: string
}

function errorLines(): (ErrorLine & { readonly key: string })[] {
  return filesBelow(started.run.state.failedRecords).flatMap((file) =>
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((text) => {
        const line: ErrorLine = JSON.parse(text)
        return { ...line, key: relative(started.run.paths.buckets, file) }
      }),
  )
}

/** Names that the function logged, by the record's offset, and how many batches had good and bad records. */
function functionLog() {
  const names = new Map<number, string>()
  let mixed = 0
  const file = filesBelow(started.run.paths.logs).find((name) => /transform/.test(basename(name)))
  if (file === undefined) throw new Error('the function has no log')
  for (const text of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const line: { level?: string; name?: string; offsets?: string[]; Ok?: number; ProcessingFailed?: number; Table?: string } =
      JSON.parse(text)
    for (const offset of line.offsets ?? []) names.set(Number(offset.split(':')[1]), line.name ?? '')
    if (line.Table === undefined && line.Ok && line.ProcessingFailed) mixed += 1
  }
  return { names, mixed }
}

const produced: (BadRecord & { readonly offset: number })[] = []

test('bad records between good ones: each goes where it belongs, and the good ones arrive', async () => {
  await order(3000)
  const values = await topic.read()
  const real: Envelope = JSON.parse(String(values.findLast((value) => value.includes('"order_id":3000'))))
  expect(real).toMatchObject({ op: 'c', before: null, after: { order_id: 3000 }, source: { schema: 'public', table: 'orders' } })
  for (const [index, record] of badRecords(real, columns, content).entries()) {
    produced.push({ ...record, offset: await topic.produce(record.value) })
    await order(3001 + index)
  }
  expect(produced.length).toBeGreaterThan(25)

  const report = await started.verify()
  expect(report).toMatchObject({ equal: true })
  expect(await started.query('SELECT count(*) FROM $.orders WHERE order_id BETWEEN 3000 AND 3999')).toEqual([[String(produced.length + 1)]])

  const lines = errorLines()
  const { names, mixed } = functionLog()
  const outcomes = produced.map(({ what, value, offset }) => {
    const raw = value?.toString('base64')
    const found = lines.filter(({ rawData }) => rawData === raw).map(({ errorCode }) => errorCode)
    const named = found.map((code) => (code === 'Lambda.ProcessingFailedStatus' ? names.get(offset) : code))
    return { what, becomes: named.join(' and ') || 'dropped' }
  })
  expect(outcomes).toEqual(produced.map(({ what, becomes }) => ({ what, becomes })))
  expect(lines).toHaveLength(outcomes.filter(({ becomes }) => becomes !== 'dropped').length)
  expect(mixed).toBeGreaterThan(0)
}, 240_000)

test('error objects have the names and the lines that Firehose gives them', () => {
  const [stream] = JSON.parse(readFileSync(`${dataDirectory}/delivery.json`, 'utf8')).streamName.match(/.*/) ?? []
  for (const { key, ...line } of errorLines()) {
    expect(key).toMatch(/^[^/]+\/failed\/processing-failed\/[^/]+$/)
    expect(basename(key).replace(stream, 'STREAM')).toMatch(/^STREAM-1-\d{4}(-\d\d){5}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(line).toEqual({
      attemptsMade: expect.any(Number),
      arrivalTimestamp: expect.any(Number),
      errorCode: expect.stringMatching(/^Lambda\.[A-Za-z]+$/),
      errorMessage: expect.any(String),
      attemptEndingTimestamp: expect.any(Number),
      rawData: expect.any(String),
      lambdaArn: expect.stringMatching(/^arn:aws:lambda:/),
    })
    expect(line['errorMessage']).not.toContain(content)
  }
})

const isOfAGoodOrder = (value: Buffer) => value.includes('"op":"c"') && /"order_id":30\d\d/.test(String(value))

test('a change event that comes twice changes nothing', async () => {
  const values = (await topic.read()).filter((value) => isOfAGoodOrder(value) && !produced.some((record) => record.value?.equals(value)))
  expect(values).toHaveLength(produced.length + 1)
  for (const value of values) await topic.produce(value)
  expect(await started.verify()).toMatchObject({ equal: true })
}, 300_000)

const errors = (...args: string[]) => runCommand(['errors', ...args, '--data', dataDirectory])

test('rows whose changes failed are named, explained, and replayed from the source, as often as one likes', async () => {
  const real: Envelope = JSON.parse(String((await topic.read()).findLast((value) => value.includes('"order_id":3001'))))
  // What the source does while nobody follows the table stands for changes that failed; their records do, too.
  await started.atSource((client) => client.query('ALTER PUBLICATION dbz_publication DROP TABLE public.orders'))
  await started.atSource(async (client) => {
    await client.query(`UPDATE public.orders SET status = 'CURRENT' WHERE order_id = 3001`)
    await client.query('DELETE FROM public.orders WHERE order_id = 3002')
    await client.query(`INSERT INTO public.orders (order_id, status) VALUES (3990, 'CURRENT')`)
  })
  await started.atSource((client) => client.query('ALTER PUBLICATION dbz_publication ADD TABLE ONLY public.orders'))
  const failed = (order_id: number) => json({ ...real, after: { ...real.after, order_id, customer_id: content } })
  const since = new Date().toISOString()
  await topic.produce(failed(3001))
  await topic.produce(json({ ...real, op: 'x', before: { order_id: 3002, status: content }, after: null }))
  await topic.produce(failed(3990))
  expect(await started.verify()).toMatchObject({ equal: false })

  const listed = await errors('list', '--since', since)
  expect(listed).toMatchObject({ code: 0, errors: '' })
  expect(listed.output).toMatch(/^UnexpectedValue +public\.orders +2 /m)
  expect(listed.output).toMatch(/^UnknownOperation +public\.orders +1 /m)
  const explained = await errors('explain', 'UnexpectedValue', '--since', since)
  expect(explained.output).toMatch(/public\.orders\.customer_id/)
  expect(explained.output).toContain('rows: order_id = 3001; order_id = 3990')
  expect(explained.output).toContain("the column's type was changed at the source")
  const preview = await errors('replay', '--dry-run', '--since', since, '--json')
  expect(preview).toMatchObject({ code: 0, errors: '' })
  expect(JSON.parse(preview.output)).toEqual({
    dryRun: true,
    tables: [{ table: 'public.orders', present: 2, absent: 1 }],
    notReplayable: 0,
    failedAgain: 0,
  })
  expect(await started.verify()).toMatchObject({ equal: false })

  const replayed = await errors('replay', '--since', since)
  expect(replayed).toMatchObject({
    code: 0,
    output: expect.stringContaining('2 rows were read again, 1 key that the source does not have'),
  })
  expect(await started.verify()).toMatchObject({ equal: true })
  // Everything that ever failed this time, those without a key included.
  const again = await errors('replay', '--table', 'public.orders', '--json')
  expect(again).toMatchObject({ code: 1 })
  expect(JSON.parse(again.output)).toMatchObject({
    tables: [{ table: 'public.orders', absent: 1 }],
    notReplayable: expect.any(Number),
    failedAgain: 0,
  })
  expect(await started.verify()).toMatchObject({ equal: true })
  for (const { output, errors: said } of [listed, explained, preview, replayed, again]) expect(output + said).not.toContain(content)
}, 240_000)

test('rows that differ are counted with what most likely happened, and brought again by --repair', async () => {
  await started.atSource((client) => client.query('ALTER PUBLICATION dbz_publication DROP TABLE public.orders'))
  await started.atSource(async (client) => {
    await client.query(`UPDATE public.orders SET status = 'CURRENT', order_date = 'CURRENT' WHERE order_id = 3005`)
    await client.query('DELETE FROM public.orders WHERE order_id = 3006')
    await client.query(`INSERT INTO public.orders (order_id, status) VALUES (3991, 'CURRENT')`)
  })
  await started.atSource((client) => client.query('ALTER PUBLICATION dbz_publication ADD TABLE ONLY public.orders'))
  const verify = (...args: string[]) => runCommand(['verify', '--data', dataDirectory, ...args])
  const found = await verify('--json')
  expect(found).toMatchObject({ code: 1, errors: '' })
  const report: VerificationReport = JSON.parse(found.output)
  expect(report.tables.find(({ table }) => table === 'public.orders')).toMatchObject({
    differences: { missing: 1, stale: 1, extra: 1, duplicate: 0 },
    first: [
      { kind: 'stale', key: { order_id: '3005' } },
      { kind: 'extra', key: { order_id: '3006' } },
      { kind: 'missing', key: { order_id: '3991' } },
    ],
    likelyCause: expect.stringContaining('changes were missed while nobody followed the table'),
  })
  const repaired = await verify('--repair')
  expect(repaired).toMatchObject({ code: 0, output: expect.stringContaining('Equal: every row') })
  expect(repaired.errors).toContain('public.orders: 2 rows were read again, 1 key that the source does not have was removed from Iceberg')
}, 240_000)

test('no log shows the content of a record', () => {
  // The base64 of a text looks different at each of three places.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.from('x'.repeat(shift) + content)
      .toString('base64')
      .slice(shift === 0 ? 0 : 4, -4),
  )
  const logs = filesBelow(started.run.paths.logs)
  expect(logs.length).toBeGreaterThan(4)
  const showing = logs.filter((file) => [content, ...base64].some((text) => readFileSync(file).includes(text)))
  expect(showing).toEqual([])
})
