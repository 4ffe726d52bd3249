import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { putMessage } from '../../handlers/presigned-url.ts'

let server: Server
let url: string
let status: number
let received: { headers: IncomingHttpHeaders; body: string }[]

beforeEach(async () => {
  received = []
  status = 200
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
      response.writeHead(status).end()
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  url = `http://127.0.0.1:${address.port}/handle?Signature=secret`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

test('a message is put as JSON, with the empty content type that the URL is signed for', async () => {
  expect(await putMessage(url, { Reason: 'ready' })).toBe('taken')
  expect(received).toEqual([{ headers: expect.objectContaining({ 'content-type': '' }), body: '{"Reason":"ready"}' }])
})

test.each([403, 404])('a URL that answers %d is gone, which is no failure', async (gone) => {
  status = gone
  expect(await putMessage(url, { Reason: '' })).toBe('gone')
})

test('another answer is a failure, and none tells the URL', async () => {
  status = 503
  await expect(putMessage(url, { Reason: '' })).rejects.toThrow("CloudFormation's URL answered with status 503")
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  const failure: unknown = await putMessage(url, { Reason: '' }).catch((error: unknown) => error)
  expect(failure).toMatchObject({ message: "CloudFormation's URL did not answer (ECONNREFUSED)" })
  expect(String(failure)).not.toMatch(/secret|handle/)
})

test.each(['x'.repeat(10_000), '"'.repeat(10_000), 'ß'.repeat(10_000)])(
  'a reason that is too long is cut to what CloudFormation takes',
  async (Reason) => {
    const message = { Status: 'FAILURE', Reason, UniqueId: 'run' }
    await putMessage(url, message)
    const body = received[0]?.body ?? ''
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(4096)
    expect(Buffer.byteLength(body)).toBeGreaterThan(3000)
    expect(JSON.parse(body)).toMatchObject({ Status: 'FAILURE', Reason: expect.stringMatching(/…$/), UniqueId: 'run' })
  },
)
