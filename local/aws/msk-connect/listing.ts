import { AwsError } from '../endpoint.ts'

export function badRequest(message: string): AwsError {
  return new AwsError('BadRequestException', message, 400)
}

/** A page of a listing: `maxResults` and `nextToken` of the query. */
export function page<T>(
  items: readonly T[],
  query: URLSearchParams,
): { readonly items: readonly T[]; readonly nextToken: string | undefined } {
  const size = Number(query.get('maxResults') ?? 100)
  if (!Number.isInteger(size) || size < 1 || size > 100) throw badRequest('maxResults must be between 1 and 100.')
  const start = Number(query.get('nextToken') ?? 0)
  const next = start + size
  return { items: items.slice(start, next), nextToken: next < items.length ? String(next) : undefined }
}
