/**
 * How long a call to AWS may take, the same for every client of a step: without this a client waits for ever for a service that says nothing.
 * Two tries, each given up after five seconds, so that a step of 15 s can still say what happened; the state machine tries again after that.
 */
export const clientSettings = {
  maxAttempts: 2,
  // A request that takes too long is only warned about unless it is to throw.
  requestHandler: { connectionTimeout: 2000, requestTimeout: 5000, throwOnRequestTimeout: true },
} as const

/** Of the RDS Data API: a statement may wait 10 s for a lock (`atomically`), and only its own answer says so. So there is one try, which may take longer. */
export const dataApiSettings = {
  maxAttempts: 1,
  requestHandler: { ...clientSettings.requestHandler, requestTimeout: 12_000 },
} as const
