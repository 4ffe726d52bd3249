import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FirehoseEvent } from '../handlers/transform/firehose.ts'
import type { createTransform } from '../handlers/transform/transform.ts'
import { PipelineError } from '../pipeline/errors.ts'
import { transformPlan } from '../pipeline/transform-plan.ts'
import { bundledTransform } from './bench/bundle.ts'
import { type BenchInput, generatedChangeEvents, recordedChangeEvents } from './bench/change-events.ts'
import { type Contender, type Measurement, measure, type Spread } from './bench/measure.ts'
import { runCommand } from './command.ts'

const help = `npm run bench -- [options]

Measures how many change events the transform handles on one core, with the base64 that Firehose wraps them in, beside two
yardsticks over the same records in the same run: (a) base64 decode and encode alone, (b) JSON.parse and JSON.stringify of everything.
Twice: with changes of a table like the walkthrough's orders, and with the recorded change events, which have every type there is.

  --records N   records a batch (default 1000: about what Firehose hands over at once)
  --rounds N    measured rounds of each (default 200); figures are medians, with the middle half of the rounds
  --json        a line of JSON for each input instead of tables
  --help        this text
`

const root = join(import.meta.dirname, '..')

void runCommand({
  help,
  options: {
    records: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
  },
  run: async ({ values }) => {
    const count = countOf('records', values.records)
    const rounds = countOf('rounds', values.rounds)
    const inputs = [
      generatedChangeEvents(count, JSON.parse(readFileSync(join(root, 'tables.json'), 'utf8'))),
      recordedChangeEvents(count, join(root, 'test', 'fixtures', 'change-events')),
    ]
    const bundled = await bundledTransform(root)
    for (const input of inputs) {
      const results = measure(contenders(input, bundled.createTransform), input.values.length, rounds)
      process.stdout.write(values.json ? `${JSON.stringify(reportOf(input, rounds, results))}\n` : reportText(input, rounds, results))
    }
    return 0
  },
})

function countOf(option: string, given: string): number {
  if (!/^[1-9]\d{0,6}$/.test(given))
    throw new PipelineError('InvalidUsage', `--${option} is "${given}": give a whole number from 1 on. See --help`)
  return Number(given)
}

function contenders({ tables, values }: BenchInput, create: typeof createTransform): Contender[] {
  const event = eventOf(values)
  const encoded = event.records.map((record) => record.kafkaRecordValue ?? '')
  const transform = create(transformPlan(tables, { namespace: 'aurora_cdc', creates: 'update', truncates: 'fail' }), {
    log: () => {},
    now: Date.now,
  })
  return [
    { name: 'transform', run: () => transform(event) },
    { name: '(a) base64 alone', run: () => encoded.map((value) => Buffer.from(value, 'base64').toString('base64')) },
    { name: '(b) JSON.parse + JSON.stringify', run: () => encoded.map(parsedAndPrinted) },
  ]
}

function parsedAndPrinted(value: string): string {
  return Buffer.from(JSON.stringify(JSON.parse(Buffer.from(value, 'base64').toString()))).toString('base64')
}

/** As on Lambda, the strings come out of JSON.parse. */
function eventOf(values: readonly Buffer[]): FirehoseEvent {
  const event: FirehoseEvent = {
    invocationId: 'bench',
    deliveryStreamArn: 'arn:aws:firehose:us-east-1:111122223333:deliverystream/bench',
    region: 'us-east-1',
    records: values.map((value, index) => ({
      recordId: String(index).padStart(56, '0'),
      mskRecordMetadata: { offset: String(index), partitionId: '0' },
      kafkaRecordValue: value.toString('base64'),
    })),
  }
  const parsed: typeof event = JSON.parse(JSON.stringify(event))
  return parsed
}

function reportOf({ provenance, values }: BenchInput, rounds: number, results: readonly Measurement[]) {
  return {
    provenance,
    records: values.length,
    bytes: Math.round(values.reduce((sum, value) => sum + value.length, 0) / values.length),
    rounds,
    node: process.versions.node,
    results,
  }
}

function reportText(input: BenchInput, rounds: number, results: readonly Measurement[]): string {
  const { provenance, records, bytes, node } = reportOf(input, rounds, results)
  const lines = results.map(({ name, time }) => {
    const rate = Math.round(1_000_000 / time.median).toLocaleString('en-US')
    return `${name.padEnd(34)}${rate.padStart(10)} records/s   ${text(time)} µs a record`
  })
  const [, base64, parsed] = results
  return [
    `${records} records: ${provenance}, ${bytes} bytes on average, ${rounds} rounds, Node.js ${node}, one core`,
    '',
    ...lines,
    '',
    `${text(base64?.ratio)} × (a), aim 0.4`,
    `${text(parsed?.ratio)} × (b), aim 1.8`,
    '',
    '',
  ].join('\n')
}

/** Median, and the middle half of the rounds. */
function text(spread: Spread | undefined): string {
  const { median, lower, upper } = spread ?? { median: 0, lower: 0, upper: 0 }
  return `${median.toFixed(2)} (${lower.toFixed(2)} to ${upper.toFixed(2)})`
}
