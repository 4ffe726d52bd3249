import { isObject, type JsonObject } from '../../../../local/cloudformation/json.ts'
import { allowing, type Statement, standIns, statementFaults, trustFaults } from '../../../lib/statements.ts'
import { inRegion, localDeployment, memberOf, objectsIn, ofType, synthesized } from '../../../lib/synthesized.ts'

const key = 'arn:aws:kms:us-east-1:111122223333:key/0a1b'
const deployments: Record<string, object> = {
  'the local run': localDeployment,
  'keys of its own': { ...localDeployment, kmsKey: key, secrets: { ...memberOf(localDeployment, 'secrets'), kmsKey: key } },
  'unauthenticated workers and an e-mail address': {
    ...localDeployment,
    prefix: 'dev',
    kafka: { authentication: 'unauthenticated' },
    alarms: { email: 'me@example.com' },
  },
}

const statement = (over: Partial<Statement>): Statement => ({ where: 'here', actions: [], resources: [], condition: {}, ...over })

test.each([
  ['an action that does not exist', { actions: ['s3:ReadObject'], resources: ['*'] }, 's3:ReadObject: no such action'],
  ['a service that does not exist', { actions: ['s4:GetObject'], resources: ['*'] }, 's4:GetObject: no such action'],
  ['a wildcard in an action', { actions: ['s3:Get*'], resources: ['arn:aws:s3:::bucket'] }, 's3:Get*: not by name'],
  [
    'everything, for an action with resources',
    { actions: ['s3:GetObject'], resources: ['*'] },
    's3:GetObject: on *, though it has resources',
  ],
  [
    'a resource, for an action without',
    { actions: ['ec2:DescribeVpcs'], resources: ['arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1'] },
    'ec2:DescribeVpcs: allows nothing but on *',
  ],
  [
    "a bucket, for an object's action",
    { actions: ['s3:GetObject'], resources: ['arn:aws:s3:::bucket'] },
    's3:GetObject: on no resource that it knows (arn:aws:s3:::bucket)',
  ],
  [
    'a resource of no action',
    { actions: ['s3:ListBucket'], resources: ['arn:aws:s3:::bucket', 'arn:aws:sns:us-east-1:111122223333:t'] },
    'arn:aws:sns:us-east-1:111122223333:t: no action of the statement is about it',
  ],
  [
    'any account',
    { actions: ['sns:Publish'], resources: ['arn:aws:sns:us-east-1:*:t'] },
    'arn:aws:sns:us-east-1:*:t: of any service, Region or account',
  ],
  [
    'a role passed to any service',
    { actions: ['iam:PassRole'], resources: ['arn:aws:iam::111122223333:role/r'] },
    'iam:PassRole: to any service',
  ],
])('a statement with %s is found', async (_what, over, fault) => {
  expect(await statementFaults(statement(over))).toContain(`here: ${fault}`)
})

test('a role that any account may have assumed is found, and one that no service does', () => {
  const document = (Principal: JsonObject, Condition: JsonObject): JsonObject => ({
    Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal, Condition }],
  })
  const ours = { StringEquals: { 'aws:SourceAccount': '1' } }
  expect(trustFaults('r', document({ Service: 'lambda.amazonaws.com' }, ours), '1')).toEqual([])
  expect(trustFaults('r', document({ Service: 'lambda.amazonaws.com' }, ours), '2')).toHaveLength(1)
  expect(trustFaults('r', document({ Service: 'lambda.amazonaws.com' }, {}), '1')).toHaveLength(1)
  expect(trustFaults('r', document({ AWS: '*' }, ours), '1')).toHaveLength(1)
})

describe.each(Object.entries(deployments))('a deployment with %s', (_what, deployment) => {
  const templates = synthesized(deployment)

  test('allows actions by name, each on the resources that it is about', async () => {
    const statements = allowing(templates)
    expect(statements.length).toBeGreaterThan(20)
    expect((await Promise.all(statements.map(statementFaults))).flat()).toEqual([])
  })

  test('has every role assumed by services, for its own account', () => {
    const roles = Object.entries(templates).flatMap(([stack, { Resources }]) =>
      Object.entries(Resources).flatMap(([id, { Type, Properties }]) =>
        Type === 'AWS::IAM::Role' ? [{ where: `${stack}/${id}`, Properties }] : [],
      ),
    )
    expect(roles.length).toBeGreaterThanOrEqual(3)
    expect(roles.flatMap(({ where, Properties }) => trustFaults(where, Properties?.AssumeRolePolicyDocument, '111122223333'))).toEqual([])
  })
})

test('a service assumes a role only for what the role is for, where its ARN is known before it is there', () => {
  const trusts = Object.values(synthesized()).flatMap((template) =>
    ofType(template, 'AWS::IAM::Role').flatMap(({ Properties }) => objectsIn(Properties?.AssumeRolePolicyDocument)),
  )
  const arnOf = (service: string) => trusts.find(({ Principal }) => isObject(Principal) && Principal.Service === service)?.Condition
  expect(arnOf('firehose.amazonaws.com')).toMatchObject({
    ArnLike: { 'aws:SourceArn': 'arn:aws:firehose:us-east-1:111122223333:deliverystream/aurora-cdc-*' },
  })
  expect(arnOf('kafkaconnect.amazonaws.com')).toMatchObject({
    ArnLike: { 'aws:SourceArn': 'arn:aws:kafkaconnect:us-east-1:111122223333:connector/aurora-cdc-debezium/*' },
  })
})

test('every ARN is of the partition of its Region', () => {
  for (const [region, partition] of [
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
  ] as const) {
    const statements = allowing(synthesized(inRegion(region, partition)))
    const arns = statements.flatMap(({ resources }) => resources).filter((resource) => resource !== '*')
    const own = arns.filter((arn) => !Object.values(standIns).includes(arn) && !arn.startsWith('arn:aws:s3:::cdk-'))
    expect(own.length).toBeGreaterThan(20)
    expect(own.filter((arn) => !arn.startsWith(`arn:${partition}:`))).toEqual([])
  }
})

test("the connector's role reaches its own topics and group, its secret and its plugin only", () => {
  const statements = allowing(synthesized()).filter(({ where }) => where.startsWith('CdcMskConnectIam/'))
  const resourcesOf = (action: string) =>
    statements
      .filter(({ actions }) => actions.includes(action))
      .flatMap(({ resources }) => resources.map((arn) => arn.slice(arn.lastIndexOf('/') + 1)))
  expect(resourcesOf('kafka-cluster:ReadData').toSorted()).toEqual([
    '__amazon_msk_connect_*_aurora-cdc-debezium_*',
    'aurora.cdc.connect-offsets',
  ])
  expect(resourcesOf('kafka-cluster:WriteData').toSorted()).toEqual([
    '__amazon_msk_connect_*_aurora-cdc-debezium_*',
    '__debezium-heartbeat.aurora.cdc',
    'aurora.cdc.all-tables',
    'aurora.cdc.connect-offsets',
    'aurora.cdc.message',
  ])
  expect(resourcesOf('kafka-cluster:DescribeTopicDynamicConfiguration').toSorted()).toEqual([
    '__amazon_msk_connect_*_aurora-cdc-debezium_*',
    'aurora.cdc.connect-offsets',
  ])
  expect(resourcesOf('kafka-cluster:AlterGroup')).toEqual(['__amazon_msk_connect_*'])
  expect(resourcesOf('secretsmanager:GetSecretValue')).toEqual(['debezium-AbCdEf'])
})

test("Firehose's role has what its documentation asks for, in both access modes of the catalog", () => {
  const actions = allowing(synthesized())
    .filter(({ where }) => where.startsWith('CdcFirehoseRole/'))
    .flatMap((allowed) => allowed.actions)
  // https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
  const iamMode = [
    's3tables:GetNamespace',
    's3tables:GetTable',
    's3tables:GetTableData',
    's3tables:GetTableMetadataLocation',
    's3tables:PutTableData',
    's3tables:UpdateTableMetadataLocation',
    's3tables:GetTableBucket',
    'glue:GetDatabase',
    'glue:GetDatabases',
    'glue:GetTable',
    'glue:GetTables',
    'glue:UpdateTable',
  ]
  expect(actions).toEqual(expect.arrayContaining([...iamMode, 'lakeformation:GetDataAccess']))
  const rest = [
    'kafka:GetBootstrapBrokers',
    'kafka:DescribeCluster',
    'kafka:DescribeClusterV2',
    'kafka-cluster:Connect',
    'kafka-cluster:DescribeTopic',
    'kafka-cluster:DescribeTopicDynamicConfiguration',
    'kafka-cluster:ReadData',
    'kafka-cluster:DescribeGroup',
    's3:AbortMultipartUpload',
    's3:GetBucketLocation',
    's3:GetObject',
    's3:ListBucket',
    's3:ListBucketMultipartUploads',
    's3:PutObject',
    'lambda:InvokeFunction',
    'lambda:GetFunctionConfiguration',
    'logs:PutLogEvents',
  ]
  expect(actions).toEqual(expect.arrayContaining(rest))
})
