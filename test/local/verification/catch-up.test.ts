import { DuckDBInstance } from '@duckdb/node-api'
import { Client } from 'pg'
import { catchUp } from '../../../local/verification/catch-up.ts'

/** What a verification says when the source answers its first statement with an error of this code. */
async function refusal(code: string, message: string): Promise<unknown> {
  const client = new Client()
  Object.defineProperty(client, 'query', { value: () => Promise.reject(Object.assign(new Error(message), { code })) })
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    return await catchUp({ client, connection, namespace: '"c"."n"', timeoutMs: 100 }).catch((error: unknown) => error)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

test.each([
  ['42P01', 'relation "cdc.canary" does not exist'],
  ['3F000', 'schema "cdc" does not exist'],
])('a source that was detached meanwhile is told by name, with what to do (%s)', async (code, message) => {
  expect(await refusal(code, message)).toMatchObject({
    name: 'SourceNotReady',
    message: expect.stringMatching(/cdc\.canary is not there any more.*--detach.*npm start -- --reset/),
  })
})

test('any other failure of the source stays what it is', async () => {
  expect(await refusal('57P01', 'terminating connection')).toMatchObject({ code: '57P01' })
})
