import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { deferred } from '../lambda/deferred.ts'
import type { AwsResponse } from './endpoint.ts'

/** A URL that somebody else puts one text to. */
export interface Callback {
  readonly url: string
  /** The first body that was put there. */
  readonly received: Promise<string>
  /** From now on the URL answers 403. */
  close(): void
}

export interface CallbackRegistry {
  open(uri: string, id?: string): Callback
  takes(request: IncomingMessage): boolean
  answer(request: IncomingMessage, body: string): AwsResponse & { code?: string }
}

const folder = '/callbacks/'

/** Callbacks of an endpoint, by ids that nobody can guess unless they were chosen so. */
export function callbackRegistry(): CallbackRegistry {
  const open = new Map<string, ReturnType<typeof deferred<string>>>()
  return {
    open(uri, id = randomUUID()) {
      const waiting = open.get(id) ?? deferred<string>()
      open.set(id, waiting)
      return { url: `${uri}${folder}${encodeURIComponent(id)}`, received: waiting.promise, close: () => void open.delete(id) }
    },
    takes: ({ url }) => url?.startsWith(folder) ?? false,
    answer({ method, url }, body) {
      const [path = ''] = (url ?? '').split('?')
      const waiting = method === 'PUT' ? open.get(decodeURIComponent(path.slice(folder.length))) : undefined
      if (!waiting)
        return { status: 403, contentType: 'application/xml', body: '<Error><Code>AccessDenied</Code></Error>', code: 'AccessDenied' }
      waiting.resolve(body)
      return { status: 200, contentType: 'text/plain', body: '' }
    },
  }
}
