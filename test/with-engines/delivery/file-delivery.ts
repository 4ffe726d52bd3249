import { writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startDelivery } from '../../../local/delivery/delivery.ts'
import { Problems } from '../../../local/delivery/problems.ts'
import { parseSettings } from '../../../local/delivery/settings.ts'
import type { PartitionSource, SourceRecord } from '../../../local/delivery/source/partition-source.ts'
import { icebergCatalog } from '../../../local/iceberg/catalog.ts'
import { openLake } from '../../../local/iceberg/duckdb.ts'
import { tableMaintenance } from '../../../local/iceberg/maintenance.ts'
import { runFunction } from '../../../local/lambda/function.ts'
import { dieAtEffect } from './die-at-effect.ts'

/**
 * A delivery that reads a file instead of a topic: line n is the record of offset n. It kills itself at the effect whose number stands in
 * `DIE_AT_EFFECT`, and ends when everything is delivered.
 */
async function main(file: string): Promise<void> {
  const settings = parseSettings(JSON.parse(await readFile(file, 'utf8')))
  dieAtEffect(Number(process.env.DIE_AT_EFFECT ?? 0))
  const records = (await readFile(join(settings.stateDirectory, '..', 'records'), 'utf8')).trimEnd().split('\n')
  const catalog = icebergCatalog(settings.catalogUri)
  const lake = await openLake({
    catalogUri: settings.catalogUri,
    extensionDirectory: settings.extensionDirectory,
    bucket: settings.tableBucket,
    memoryLimit: '200MB',
  })
  const [functionArn, fn] = Object.entries(settings.functions)[0] ?? []
  if (!functionArn || !fn) throw new Error('no function')
  const problems = new Problems(() => {})
  const delivery = await startDelivery({
    settings,
    source: fileSource(records),
    problems,
    catalog,
    lake,
    fn: runFunction(fn, { functionArn, region: settings.region, logFile: join(settings.logsDirectory, 'f.log') }),
    maintain: tableMaintenance(catalog, problems.report),
  })
  while (Number(delivery.deliveredOffsets.get(0) ?? 0n) < records.length) await Promise.race([sleep(20), delivery.ended])
  await delivery.stop()
  writeFileSync(join(settings.stateDirectory, '..', 'finished'), '')
}

/** Slow enough that there are many batches. */
function fileSource(records: readonly string[]): PartitionSource {
  const stopping = new AbortController()
  return {
    startOffsets: async () => new Map([[0, 0n]]),
    endOffsets: async () => new Map([[0, BigInt(records.length)]]),
    async run(from, onRecords) {
      for (let next = Number(from.get(0)); next < records.length && !stopping.signal.aborted; ) {
        const until = Math.min(records.length, next + 40)
        const batch = records.slice(next, until).map(
          (text, index): SourceRecord => ({
            partition: 0,
            offset: BigInt(next + index),
            arrivalMs: 1_700_000_000_000,
            value: Buffer.from(text),
          }),
        )
        await onRecords(batch)
        next = until
        await sleep(5)
      }
    },
    async stop() {
      stopping.abort()
    },
  }
}

void main(process.argv[2] ?? '').then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error)
    process.exit(1)
  },
)
