import { type AwsRequest, json } from '../../../local/aws/endpoint.ts'
import { inline, type PlaceFixture, placeFixture, type Served, trust } from './place.ts'

const topic = 'arn:aws:sns:us-east-1:111122223333:mine'

let place: PlaceFixture
let served: Served

beforeAll(async () => {
  place = await placeFixture()
  served = await place.serve({
    sns: ({ authorize, caller, body }: AwsRequest) => {
      const { action, resources, context }: { action: string; resources: string[]; context?: Record<string, string> } = JSON.parse(body)
      authorize(action, resources, context)
      return json({ caller: caller.arn })
    },
  })
})

afterAll(() => place.close())

/** Signs as that role, or as the administrator; the stand-in asks for exactly this. */
async function ask(roleArn: string | undefined, action: string, resources: readonly string[], context: Record<string, string> = {}) {
  const { credentials, endpoint } = served.client(roleArn)
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/20261122/us-east-1/sns/aws4_request, SignedHeaders=host, Signature=0`,
      'x-amz-security-token': credentials.sessionToken,
    },
    body: JSON.stringify({ action, resources, context }),
  })
  const body: Record<string, string> = JSON.parse(await response.text())
  return { status: response.status, ...body }
}

test('a role may do what its policy allows, and is refused the rest in the words of AWS', async () => {
  const role = await place.role('publisher', [{ Effect: 'Allow', Action: 'sns:Publish', Resource: topic }])
  const arn = 'arn:aws:sts::111122223333:assumed-role/publisher/local'
  expect(await ask(role, 'sns:Publish', [topic])).toEqual({ status: 200, caller: arn })
  expect(await ask(role, 'sns:Publish', [topic, `${topic}-too`])).toEqual({
    status: 403,
    __type: 'AccessDeniedException',
    message: `User: ${arn} is not authorized to perform: sns:Publish on resource: ${topic}-too because no identity-based policy allows the sns:Publish action`,
  })
  expect(place.place.decisions.list()).toEqual([
    { principal: role, action: 'sns:Publish', resource: topic, context: {}, allowed: true },
    { principal: role, action: 'sns:Publish', resource: `${topic}-too`, context: {}, allowed: false },
  ])
})

test('a denial wins over what is allowed', async () => {
  const role = await place.role('denied', [
    { Effect: 'Allow', Action: '*', Resource: '*' },
    { Effect: 'Deny', Action: 'sns:Publish', Resource: topic },
  ])
  expect(await ask(role, 'sns:Subscribe', [topic])).toMatchObject({ status: 200 })
  expect(await ask(role, 'sns:Publish', [topic])).toMatchObject({
    status: 403,
    message: expect.stringMatching(/with an explicit deny in an identity-based policy$/),
  })
})

test('policies attached from outside the role count, and only for the roles that they name', async () => {
  const PolicyDocument = inline([{ Effect: 'Allow', Action: 'sns:Publish', Resource: topic }]).PolicyDocument
  const role = (name: string, extra: object = {}) => ({
    Type: 'AWS::IAM::Role',
    Properties: { RoleName: name, AssumeRolePolicyDocument: trust('lambda.amazonaws.com'), ...extra },
  })
  const { account } = place.place
  const Resources = {
    Attached: { Type: 'AWS::IAM::Policy', Properties: { PolicyName: 'p', PolicyDocument, Roles: [{ Ref: 'One' }] } },
    Managed: { Type: 'AWS::IAM::ManagedPolicy', Properties: { ManagedPolicyName: 'm', PolicyDocument } },
    One: role('one'),
    Two: role('two', { ManagedPolicyArns: [{ Ref: 'Managed' }] }),
    Three: role('three'),
    Four: role('four', { ManagedPolicyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] }),
  }
  await place.fixture.deploy({ attached: { Resources } }, account)
  const statusOf = async (name: string) => (await ask(account.arn('iam', `role/${name}`, { region: '' }), 'sns:Publish', [topic])).status
  expect([await statusOf('one'), await statusOf('two'), await statusOf('three')]).toEqual([200, 200, 403])
  expect(await ask(account.arn('iam', 'role/four', { region: '' }), 'sns:Publish', [topic])).toMatchObject({
    status: 500,
    message: expect.stringContaining('the managed policy arn:aws:iam::aws:policy/ReadOnlyAccess of four is not known'),
  })
})

test("a bucket's policy that denies wins over the role's", async () => {
  const deny = { Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: 'arn:aws:s3:::closed/*' }
  const Properties = { Bucket: 'closed', PolicyDocument: inline([deny]).PolicyDocument }
  await place.fixture.deploy({ bucket: { Resources: { Policy: { Type: 'AWS::S3::BucketPolicy', Properties } } } }, place.place.account)
  const role = await place.role('writer', [{ Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::*' }])
  expect(await ask(role, 's3:PutObject', ['arn:aws:s3:::open/key'])).toMatchObject({ status: 200 })
  expect(await ask(role, 's3:PutObject', ['arn:aws:s3:::closed/key'])).toMatchObject({ status: 403 })
})

test('the administrator may do everything, and nobody anything with keys that were not issued', async () => {
  expect(await ask(undefined, 'sns:Publish', [topic])).toMatchObject({ status: 200 })
  const response = await fetch(served.endpoint.uri, {
    method: 'POST',
    headers: { authorization: 'AWS4-HMAC-SHA256 Credential=AKIAOTHER/20261122/us-east-1/sns/aws4_request, Signature=0' },
    body: '{}',
  })
  expect(response.status).toBe(403)
  expect(await response.json()).toMatchObject({ __type: 'UnrecognizedClientException' })
})

test('a condition on a passed role is held', async () => {
  const passed = 'arn:aws:iam::111122223333:role/passed'
  const role = await place.role('passing', [
    {
      Effect: 'Allow',
      Action: 'iam:PassRole',
      Resource: passed,
      Condition: { StringEquals: { 'iam:PassedToService': 'kafkaconnect.amazonaws.com' } },
    },
  ])
  expect(await ask(role, 'iam:PassRole', [passed], { 'iam:PassedToService': 'kafkaconnect.amazonaws.com' })).toMatchObject({ status: 200 })
  expect(await ask(role, 'iam:PassRole', [passed], { 'iam:PassedToService': 'ec2.amazonaws.com' })).toMatchObject({ status: 403 })
  expect(await ask(role, 'iam:PassRole', [passed])).toMatchObject({ status: 403 })
})

test("a function's permission admits the service that it names, for the resource that it names", async () => {
  const { account, access } = place.place
  const rule = account.arn('events', 'rule/mine')
  const fn = account.arn('lambda', 'function:answer')
  const Properties = { Action: 'lambda:InvokeFunction', FunctionName: fn, Principal: 'events.amazonaws.com', SourceArn: rule }
  const invoke = (source: string) => () => access.authorizeService('events.amazonaws.com', 'lambda:InvokeFunction', fn, source)
  expect(invoke(rule)).toThrow('no resource-based policy allows the lambda:InvokeFunction action')
  await place.role('answering', [])
  place.fixture.asset('answer')
  const answer = {
    FunctionName: 'answer',
    Code: { S3Bucket: 'assets', S3Key: 'answer.zip' },
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    Role: account.arn('iam', 'role/answering', { region: '' }),
  }
  await place.fixture.deploy({ answer: { Resources: { Function: { Type: 'AWS::Lambda::Function', Properties: answer } } } }, account)
  await place.fixture.deploy({ rule: { Resources: { Permission: { Type: 'AWS::Lambda::Permission', Properties } } } }, account)
  expect(invoke(rule)).not.toThrow()
  expect(invoke(`${rule}-too`)).toThrow('is not authorized to perform: lambda:InvokeFunction')
})
