import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kafkaDenials } from '../aws/kafka-denials.ts'
import type { DataPaths } from './data-folder.ts'

/**
 * What Kafka refused to the connector's role or to Firehose's since a time. Their clients retry, or fail where nobody hears it: the worker cannot even write
 * that its task failed when it may not write.
 */
export function brokerDenials({ logs }: Pick<DataPaths, 'logs'>, sinceMs: number): string[] {
  const file = join(logs, 'kafka.log')
  return existsSync(file) ? kafkaDenials(readFileSync(file, 'utf8'), sinceMs) : []
}
