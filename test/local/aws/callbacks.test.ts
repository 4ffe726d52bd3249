import { type AwsEndpoint, serveAws, withoutAccount } from '../../../local/aws/endpoint.ts'

let endpoint: AwsEndpoint

beforeAll(async () => {
  endpoint = await serveAws({}, { access: withoutAccount })
})

afterAll(() => endpoint.close())

const put = async (url: string, body: string, method = 'PUT') => (await fetch(url, { method, body })).status

test('what is put on the URL without a signature is received, the first of it', async () => {
  const { url, received } = endpoint.callback()
  expect(await put(`${url}?X-Amz-Signature=0`, '{"Status":"SUCCESS"}')).toBe(200)
  expect(await put(url, 'later')).toBe(200)
  expect(await received).toBe('{"Status":"SUCCESS"}')
})

test('the same id is the same URL, and others receive nothing', async () => {
  const [one, again, other] = [endpoint.callback('handle/1'), endpoint.callback('handle/1'), endpoint.callback()]
  expect(again.url).toBe(one.url)
  expect(other.url).not.toBe(one.url)
  expect(await put(one.url, 'signal')).toBe(200)
  expect(await Promise.all([one.received, again.received])).toEqual(['signal', 'signal'])
  expect(await Promise.race([other.received, Promise.resolve('nothing')])).toBe('nothing')
})

test('a URL that was never given or is closed, and another method, are refused', async () => {
  const callback = endpoint.callback()
  const { url } = callback
  expect(await put(url, 'x', 'POST')).toBe(403)
  callback.close()
  expect(await put(url, 'x')).toBe(403)
  expect(await put(`${endpoint.uri}/callbacks/guessed`, 'x')).toBe(403)
})
