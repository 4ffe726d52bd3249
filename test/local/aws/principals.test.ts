import { statSync } from 'node:fs'
import { join } from 'node:path'
import { openPrincipals } from '../../../local/aws/principals.ts'
import { type PlaceFixture, placeFixture, trust } from './place.ts'

let place: PlaceFixture

beforeAll(async () => {
  place = await placeFixture()
})

afterAll(() => place.close())

test('keys are the same in the next run of the data folder, and other ones in another', async () => {
  const role = await place.role('a', [])
  const { principals } = place.place
  const again = await openPrincipals(place.fixture.open())
  expect(again.issue(role)).toEqual(principals.issue(role))
  expect(again.administrator).toEqual(principals.administrator)
  expect(principals.issue(role)).not.toEqual(principals.issue(role, 'another session'))
  const other = await placeFixture()
  expect(other.place.principals.administrator).not.toEqual(principals.administrator)
  await other.close()
})

test('the key that all others are derived from is readable by its owner only', () => {
  expect(statSync(join(place.fixture.directory, 'aws', 'principals.json')).mode & 0o777).toBe(0o600)
})

test('a key without its session token is nobody', async () => {
  const { principals } = place.place
  const { accessKeyId, sessionToken } = principals.issue(await place.role('b', []))
  expect(principals.callerOf(accessKeyId, sessionToken)?.arn).toBe('arn:aws:sts::111122223333:assumed-role/b/local')
  expect(principals.callerOf(accessKeyId, undefined)).toBeUndefined()
  expect(principals.callerOf(accessKeyId, 'guessed')).toBeUndefined()
})

test('a service may take a role on that trusts it, for its own account and the resources that it names', async () => {
  const { account, principals } = place.place
  const source = account.arn('firehose', 'deliverystream/mine')
  const condition = {
    StringEquals: { 'aws:SourceAccount': account.id },
    ArnLike: { 'aws:SourceArn': account.arn('firehose', 'deliverystream/m*') },
  }
  const Properties = { RoleName: 'trusting', AssumeRolePolicyDocument: trust('firehose.amazonaws.com', condition) }
  await place.fixture.deploy({ trusting: { Resources: { Role: { Type: 'AWS::IAM::Role', Properties } } } }, account)
  const role = account.arn('iam', 'role/trusting', { region: '' })
  const assume = (service: string, sourceArn?: string) => () =>
    principals.assume(role, { service, ...(sourceArn === undefined ? {} : { sourceArn }) })
  expect(assume('firehose.amazonaws.com', source)()).toEqual(principals.issue(role))
  expect(assume('lambda.amazonaws.com', source)).toThrow(
    `lambda.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: ${role}`,
  )
  expect(assume('firehose.amazonaws.com', account.arn('firehose', 'deliverystream/other'))).toThrow('sts:AssumeRole')
  expect(assume('firehose.amazonaws.com')).toThrow('sts:AssumeRole')
  expect(() => principals.assume(`${role}-gone`, { service: 'firehose.amazonaws.com' })).toThrow('sts:AssumeRole')
})
