import { type CloudWatchLogsClient, FilterLogEventsCommand, type FilterLogEventsCommandInput } from '@aws-sdk/client-cloudwatch-logs'

/** Up to where a log was read. */
export interface LogPlace {
  /** Time of the newest line that was read, in milliseconds since 1970, and the ids of the lines of that time. */
  readonly newest: number
  readonly ids: readonly string[]
  /** Of the next page, where there are more, and the time from which the reading of these pages began. */
  readonly next: { readonly token: string; readonly from: number } | null
}

export interface LogLine {
  readonly message: string
  /** In milliseconds since 1970. */
  readonly timestamp: number
}

/** The lines after a place, in the order of their time, and where they end; pages may be empty and yet not the last. */
export async function readLog(
  logs: CloudWatchLogsClient,
  log: Pick<FilterLogEventsCommandInput, 'logGroupName' | 'filterPattern'>,
  place: LogPlace,
  isTime: () => boolean,
): Promise<{ lines: LogLine[]; place: LogPlace }> {
  const lines: LogLine[] = []
  const known = new Set(place.ids)
  const from = place.next?.from ?? place.newest
  let { newest } = place
  let ids = [...place.ids]
  let nextToken = place.next?.token
  do {
    const page = await logs.send(new FilterLogEventsCommand({ ...log, startTime: from, nextToken }))
    for (const { eventId = '', timestamp = 0, message = '' } of page.events ?? []) {
      if (known.has(eventId)) continue
      known.add(eventId)
      lines.push({ message, timestamp })
      if (timestamp > newest) ids = []
      newest = Math.max(newest, timestamp)
      ids.push(eventId)
    }
    nextToken = page.nextToken
  } while (nextToken !== undefined && isTime())
  return { lines, place: { newest, ids, next: nextToken === undefined ? null : { token: nextToken, from } } }
}
