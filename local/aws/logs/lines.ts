import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A line (with those that belong to it) as CloudWatch Logs has it. */
export interface LogEvent {
  /** Milliseconds since 1970. */
  readonly timestamp: number
  readonly message: string
  readonly stream: string
}

/** MSK Connect names its worker's stream and lines after an id of the worker. */
const worker = 'Worker-0a1b2c3d4e5f60718'

/** `[2026-11-22 17:16:19,909] INFO …`: begins an event of Kafka Connect; what has no such beginning belongs to the event before. */
const connectLine = /^\[(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d),(\d{3})\] /

/** What Kafka Connect logged, in MSK Connect's form: `[Worker-…] [2026-11-22 17:16:19,909] INFO message (logger:line)`. */
export function connectorEvents(logsDirectory: string, connector: string): LogEvent[] {
  const events: { timestamp: number; lines: string[] }[] = []
  for (const line of readLines(join(logsDirectory, 'connect.log'))) {
    const [, date, time, milliseconds] = connectLine.exec(line) ?? []
    if (date !== undefined) events.push({ timestamp: Date.parse(`${date}T${time}.${milliseconds}Z`), lines: [line] })
    else events.at(-1)?.lines.push(line)
  }
  return events.map(({ timestamp, lines }) => ({ timestamp, message: `[${worker}] ${lines.join('\n')}`, stream: `${connector}-${worker}` }))
}

/** What a function logged; lines without a time of their own have that of the line before. */
export function functionEvents(logsDirectory: string, functionName: string): LogEvent[] {
  let timestamp = 0
  return readLines(join(logsDirectory, `${functionName}.log`)).map((message) => {
    timestamp = timeOf(message) ?? timestamp
    return { timestamp, message, stream: 'local' }
  })
}

/** Of Powertools' lines, of the embedded metric format, and of the runtime's own. */
function timeOf(line: string): number | undefined {
  const [, metric] = /"Timestamp":(\d{13})/.exec(line) ?? []
  if (metric !== undefined) return Number(metric)
  const [, iso] = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/.exec(line) ?? []
  return iso === undefined ? undefined : Date.parse(iso)
}

/** With what the log's rotation moved away. */
function readLines(file: string): string[] {
  return [`${file}.1`, file]
    .filter(existsSync)
    .flatMap((path) => readFileSync(path, 'utf8').split('\n'))
    .filter((line) => line !== '')
}
