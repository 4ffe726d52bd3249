import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../pipeline/errors.ts'
import { kafkaDenials } from '../aws/kafka-denials.ts'
import type { DataPaths } from './data-folder.ts'

type Logs = Pick<DataPaths, 'logs'>

const brokerLog = ({ logs }: Logs) => join(logs, 'kafka.log')

/**
 * What Kafka refused to the connector's role or to Firehose's since a time. Their clients retry, or fail where nobody hears it: the worker cannot even write
 * that its task failed when it may not write.
 */
export function brokerDenials(paths: Logs, sinceMs: number): string[] {
  const file = brokerLog(paths)
  return existsSync(file) ? kafkaDenials(readFileSync(file, 'utf8'), sinceMs) : []
}

const lookEveryMs = 500

/**
 * Never resolves; rejects when Kafka refuses something to a role, until the signal.
 * @throws PipelineError `AccessDenied`
 */
export async function brokerDenied(paths: Logs, sinceMs: number, signal: AbortSignal): Promise<never> {
  let size: number | undefined
  while (!signal.aborted) {
    const now = statSync(brokerLog(paths), { throwIfNoEntry: false })?.size
    const denials = now === size ? [] : brokerDenials(paths, sinceMs)
    size = now
    if (denials.length > 0) throw new PipelineError('AccessDenied', `Kafka refused what the local run needs. ${denials.join('. ')}.`)
    await sleep(lookEveryMs)
  }
  return new Promise(() => {})
}
