import { type CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { isServiceException } from '../aws-errors.ts'

const maximumCharacters = 300
const maximumErrors = 3
/** CloudWatch searches about a megabyte for a page, and begins with the oldest. */
const maximumPages = 10
const recentlyMs = 30 * 60_000

/**
 * The last errors in a connector's log, in words that cannot hold a row's value: of the last half hour, or else since the connector was made.
 * Empty where there are none, or no log yet.
 */
export async function lastErrors(
  logs: CloudWatchLogsClient,
  logGroupName: string,
  created: Date | undefined,
  now: Date,
): Promise<string[]> {
  const sinceCreation = created?.getTime() ?? 0
  const recently = Math.max(sinceCreation, now.getTime() - recentlyMs)
  const recent = await errorsSince(logs, logGroupName, recently)
  const errors = recent.length > 0 || recently === sinceCreation ? recent : await errorsSince(logs, logGroupName, sinceCreation)
  return [...new Set(errors)].slice(-maximumErrors)
}

async function errorsSince(logs: CloudWatchLogsClient, logGroupName: string, startTime: number): Promise<string[]> {
  const messages: string[] = []
  let nextToken: string | undefined
  let pages = 0
  try {
    do {
      const filter = { logGroupName, filterPattern: '?ERROR ?"Caused by:"', startTime }
      const page = await logs.send(new FilterLogEventsCommand({ ...filter, ...(nextToken === undefined ? {} : { nextToken }) }))
      messages.push(...(page.events ?? []).map(({ message }) => message ?? ''))
      nextToken = page.nextToken
    } while (nextToken !== undefined && ++pages < maximumPages)
  } catch (error) {
    if (!isServiceException(error) || error.name !== 'ResourceNotFoundException') throw error
  }
  return errorTexts(messages.join('\n'))
}

/** `[Worker-…] [2026-01-31 12:00:00,000] ERROR [connector|task-0] message (logger:line)`; the first prefix is MSK Connect's. */
const errorLine = /^(?:\[[^\]]*\]\s*)*ERROR\s+(?:\[[^\]]*\]\s*)?(.*)$/
/** `Caused by: a.b.SomeException: message` */
const exceptionLine = /^(?:\[[^\]]*\]\s*)*(?:Caused by:\s+)?((?:[a-z_$][\w$]*\.)+[A-Z][\w$]*(?:Exception|Error))(?::\s*(.*))?$/

/**
 * What PostgreSQL and Kafka say of connections, rights, slots and objects names no values. Anything else that an exception says may quote a row:
 * of it, the class is all that is told.
 */
const harmless: readonly (readonly [exception: RegExp, message: RegExp])[] = [
  [
    /PSQLException$/,
    /^(FATAL:|The connection attempt failed|Connection to \S+ refused|ERROR: (permission denied|must be|replication slot|publication|all replication slots|could not access))/,
  ],
  [/^org\.apache\.kafka\.common\.errors\.\w*(Authorization|Authentication|Timeout)Exception$/, /./],
  [/(UnknownHost|SocketTimeout|NoRouteToHost|UnsupportedClassVersion|ClassNotFound)\w*$/, /./],
  [/^software\.amazon\.awssdk\.services\.secretsmanager\./, /./],
]

/** Errors of a worker's log, cut to what cannot hold a row's value: lines of the log without what they quote, exceptions by class. */
export function errorTexts(log: string): string[] {
  return log.split('\n').flatMap((line) => {
    const [, logged] = errorLine.exec(line) ?? []
    if (logged !== undefined) return [cut(withoutQuoted(logged))]
    const [, exception, message] = exceptionLine.exec(line) ?? []
    if (exception === undefined) return []
    const told = message !== undefined && harmless.some(([of, words]) => of.test(exception) && words.test(message))
    return [cut(told ? `${exception}: ${message}` : exception)]
  })
}

/** Without what stands in quotes, brackets or after a colon, and without numbers: a message of Debezium's may hold a row there. */
function withoutQuoted(message: string): string {
  const [, worker = '', text = '', logger = ''] = /^(Worker\w*\{id=[\w-]*\} )?(.*?)(\s*\([\w.$]+:\d+\))?$/.exec(message) ?? []
  const first = /^[^'"‘’“”`{[(:=<\d]*/.exec(text)?.[0] ?? ''
  return `${worker}${first.trim()}${first.length < text.length ? ' …' : ''}${logger}`
}

/** Of MSK Connect's own description of a state. */
export function firstLine(text = ''): string {
  return cut(text.split('\n')[0] ?? '')
}

function cut(text: string): string {
  return text.length > maximumCharacters ? `${text.slice(0, maximumCharacters - 1)}…` : text
}
