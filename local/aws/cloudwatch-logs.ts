import { createHash } from 'node:crypto'
import { z } from 'zod'
import { AwsError, type AwsService, json, notImplemented } from './endpoint.ts'
import { lineFilter } from './logs/filter-pattern.ts'
import { connectorEvents, functionEvents, type LogEvent } from './logs/lines.ts'
import type { AwsPlace } from './place.ts'
import { parseBody } from './request-body.ts'

const filterShape = z.strictObject({
  logGroupName: z.string().min(1).max(512),
  logStreamNamePrefix: z.string().optional(),
  startTime: z.int().min(0).optional(),
  endTime: z.int().min(0).optional(),
  filterPattern: z.string().max(1024).optional(),
  limit: z.int().min(1).max(10_000).default(10_000),
  nextToken: z.string().optional(),
})
type Filter = z.output<typeof filterShape>

interface IdentifiedEvent extends LogEvent {
  readonly id: string
}

/** Events that one call looks at: CloudWatch Logs stops after a megabyte, whether any of them matched or not. */
const lookedAt = 500

/** CloudWatch Logs' FilterLogEvents (JSON 1.1) over what the engines and functions really logged. */
export function cloudWatchLogsService(place: Pick<AwsPlace, 'account' | 'engines'>): AwsService {
  return ({ operation, body, authorize }) => {
    if (operation !== 'FilterLogEvents') throw notImplemented('logs', operation ?? 'a request without an operation')
    const filter = parseBody(filterShape, body, 'InvalidParameterException')
    authorize('logs:FilterLogEvents', place.account.arn('logs', `log-group:${filter.logGroupName}:log-stream:`))
    const { startTime = 0, endTime = Number.MAX_SAFE_INTEGER, logStreamNamePrefix = '' } = filter
    const events = identified(eventsOf(place, filter.logGroupName)).filter(
      ({ timestamp, stream }) => timestamp >= startTime && timestamp <= endTime && stream.startsWith(logStreamNamePrefix),
    )
    return json(page(events, filter))
  }
}

function eventsOf({ account, engines }: Pick<AwsPlace, 'account' | 'engines'>, logGroup: string): LogEvent[] {
  if (!account.find('AWS::Logs::LogGroup').some(({ physicalId }) => physicalId === logGroup))
    throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.')
  const fn = /^\/aws\/lambda\/(.+)$/.exec(logGroup)?.[1]
  if (fn !== undefined) return functionEvents(engines.logsDirectory, fn)
  return logGroup.startsWith('/aws/msk-connect/') ? connectorEvents(engines.logsDirectory, logGroup.slice('/aws/msk-connect/'.length)) : []
}

/** A page may be empty and yet not the last. */
function page(events: readonly IdentifiedEvent[], filter: Filter): object {
  const matches = lineFilter(filter.filterPattern ?? '')
  const from = startOf(filter)
  const found: object[] = []
  let index = from
  for (; index < events.length && index < from + lookedAt && found.length < filter.limit; index += 1) {
    const event = events[index]
    if (!event || !matches(event.message)) continue
    found.push({
      logStreamName: event.stream,
      timestamp: event.timestamp,
      message: event.message,
      ingestionTime: event.timestamp,
      eventId: event.id,
    })
  }
  return { events: found, searchedLogStreams: [], ...(index < events.length ? { nextToken: `${index}-${requestId(filter)}` } : {}) }
}

/** @throws AwsError for the token of another request */
function startOf(filter: Filter): number {
  if (filter.nextToken === undefined) return 0
  const [index = '', id] = filter.nextToken.split('-')
  if (id === requestId(filter) && /^\d+$/.test(index)) return Number(index)
  throw new AwsError('InvalidParameterException', 'The specified nextToken is invalid.')
}

/** Ids are the same for the same line, however it is asked for; of equal lines each has its own. */
function identified(events: readonly LogEvent[]): IdentifiedEvent[] {
  const seen = new Map<string, number>()
  return events.map((event) => {
    const key = `${event.timestamp} ${event.message}`
    const before = seen.get(key) ?? 0
    seen.set(key, before + 1)
    return { ...event, id: createHash('sha256').update(`${key} ${before}`).digest('hex').slice(0, 56) }
  })
}

/** A token belongs to the request that it was given for. */
function requestId(filter: Filter): string {
  return createHash('sha256')
    .update(JSON.stringify({ ...filter, nextToken: undefined }))
    .digest('hex')
    .slice(0, 32)
}
