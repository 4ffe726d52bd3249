import type { ClientBase } from 'pg'
import { positional, type SourceQuery, type SourceRow } from '../../pipeline/source-query.ts'

/** Queries over a connection whose every value is text (see `connectSource`). */
export function sourceQuery(client: ClientBase): SourceQuery {
  return async (sql, parameters = {}) => {
    const { text, names } = positional(sql, parameters)
    const { rows } = await client.query<SourceRow>(
      text,
      names.map((name) => parameters[name]),
    )
    return rows
  }
}
