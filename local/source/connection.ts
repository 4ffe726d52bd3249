import { Client, type ClientConfig } from 'pg'
import { PipelineError } from '../../pipeline/errors.ts'
import { errorCode } from '../engines/error-code.ts'

/** All values as PostgreSQL's own text: a driver's numbers and dates lose digits. */
export const textOnly: NonNullable<ClientConfig['types']> = { getTypeParser: () => (value: unknown) => value }

/** A session whose text forms do not depend on the server's or the role's settings. `search_path` empty: user-defined types print with their schema. */
const sessionSettings = [
  "SET search_path = ''",
  "SET TimeZone = 'UTC'",
  "SET DateStyle = 'ISO, YMD'",
  "SET IntervalStyle = 'postgres'",
  'SET extra_float_digits = 1',
  "SET bytea_output = 'hex'",
  'SET statement_timeout = 0',
  'SET idle_in_transaction_session_timeout = 0',
].join('; ')

/** Where a connection string leads, without user and password: `host:port/database`. */
export function sourceAddress(url: string): string {
  const { hostname, port, pathname } = parseSourceUrl(url)
  return `${hostname || 'localhost'}:${port || 5432}/${decodeURIComponent(pathname.slice(1))}`
}

/**
 * The parts of `postgres://user[:password]@host[:port]/database`.
 * @throws PipelineError `InvalidUsage` that does not repeat the text (it may hold a password).
 */
export function parseSourceUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol) || parsed.pathname.length < 2) {
    throw new PipelineError(
      'InvalidUsage',
      'The source must be given as postgres://user@host:port/database (the password in it, in PGPASSWORD or in ~/.pgpass)',
    )
  }
  return parsed
}

/**
 * A connection to the source whose every value is text. The password comes from the URL, `PGPASSWORD` or `~/.pgpass`.
 * @throws PipelineError `SourceUnreachable`, `InvalidUsage`
 */
export async function connectSource(url: string): Promise<Client> {
  parseSourceUrl(url)
  const client = new Client({ connectionString: url, application_name: 'aurora-cdc', types: textOnly, connectionTimeoutMillis: 15_000 })
  // A connection lost between two queries is an event of the client; the next query reports it.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query(sessionSettings)
  } catch (error) {
    await client.end().catch(() => undefined)
    throw new PipelineError('SourceUnreachable', `PostgreSQL at ${sourceAddress(url)} cannot be used: ${reason(error)}`, { cause: error })
  }
  return client
}

function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const advice = advices[String(errorCode(error))]
  if (advice?.instead) return advice.instead
  if (message.includes('client password must be a string')) return 'it wants a password: put it into PGPASSWORD or ~/.pgpass'
  return advice?.after ? `${message}. ${advice.after}` : message
}

const wrongHost = { instead: 'the host name is not known. Check it, and the network' }
const wrongUser = { after: 'Check user and password (in the URL, PGPASSWORD or ~/.pgpass)' }

/** What to do, by the code of the network or of PostgreSQL. */
const advices: Readonly<Record<string, { instead?: string; after?: string }>> = {
  ECONNREFUSED: { instead: 'nothing listens there. Check host and port' },
  ENOTFOUND: wrongHost,
  EAI_AGAIN: wrongHost,
  '28P01': wrongUser,
  '28000': wrongUser,
  '3D000': { after: 'Check the name after the last / of the URL' },
}
