import { type AwsEndpoint, AwsError, type AwsRequest, json, serveAws, withoutAccount } from '../../../local/aws/endpoint.ts'
import { secretsManager } from '../../../local/aws/secrets-manager.ts'

const secret = {
  name: 'prod/aurora',
  arn: 'arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/aurora-AbCdEf',
  value: { username: 'u', password: 'p' },
}

let endpoint: AwsEndpoint

beforeAll(async () => {
  const services = {
    secretsmanager: secretsManager([secret]),
    broken: () => {
      throw new TypeError('a bug')
    },
    refusing: () => {
      throw new AwsError('AccessDeniedException', 'no', 403)
    },
    echo: ({ method, path, body }: AwsRequest) => json({ method, path, body }),
  }
  endpoint = await serveAws(services, { access: withoutAccount })
})

afterAll(() => endpoint.close())

async function call(service: string, target: string, body: unknown, path = '/') {
  const response = await fetch(`${endpoint.uri}${path}`, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=AKIA/20261122/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
      'x-amz-target': target,
    },
    body: JSON.stringify(body),
  })
  const answer: Record<string, string> = JSON.parse(await response.text())
  return { status: response.status, error: response.headers.get('x-amzn-errortype'), body: answer }
}

test.each([secret.name, secret.arn])('a secret is found by %s', async (id) => {
  const answer = await call('secretsmanager', 'secretsmanager.GetSecretValue', { SecretId: id })
  expect(answer).toMatchObject({ status: 200, body: { Name: secret.name, ARN: secret.arn } })
  expect(JSON.parse(answer.body['SecretString'] ?? '')).toEqual({ username: 'u', password: 'p' })
})

test('a secret that is not there is answered as AWS does', async () => {
  expect(await call('secretsmanager', 'secretsmanager.GetSecretValue', { SecretId: 'other' })).toEqual({
    status: 400,
    error: 'ResourceNotFoundException',
    body: { __type: 'ResourceNotFoundException', message: "Secrets Manager can't find the specified secret." },
  })
})

test.each([
  ['secretsmanager', 'secretsmanager.PutSecretValue', 'PutSecretValue of secretsmanager'],
  ['s3', 'AmazonS3.Nothing', 'Nothing of s3'],
  ['constructor', 'x.Y', 'Y of constructor'],
])('an operation that is not offered is named: %s %s', async (service, target, named) => {
  expect(await call(service, target, {})).toMatchObject({
    status: 501,
    error: 'NotImplemented',
    body: { message: expect.stringContaining(named) },
  })
})

test('a request that is not signed is not served', async () => {
  const response = await fetch(endpoint.uri, { method: 'POST', body: '{}' })
  expect(response.status).toBe(501)
  expect(await response.json()).toMatchObject({ message: 'The local run does not offer POST / of an unsigned request' })
})

test('a refusal and a bug are told apart', async () => {
  expect(await call('refusing', 'x.Y', {})).toMatchObject({ status: 403, error: 'AccessDeniedException', body: { message: 'no' } })
  expect(await call('broken', 'x.Y', {})).toMatchObject({ status: 500, error: 'InternalFailure' })
})

test('a service sees the request', async () => {
  expect((await call('echo', 'x.Y', { a: 'ü' }, '/some/path?x=1')).body).toEqual({
    method: 'POST',
    path: '/some/path?x=1',
    body: '{"a":"ü"}',
  })
})
