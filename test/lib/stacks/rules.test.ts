import { isObject, type Json, scalarText } from '../../../local/cloudformation/json.ts'
import { findings, localDeployment, objectsIn, ofType, onlyOf, resources, synthesized } from '../synthesized.ts'

const app = synthesized()
const prefixed = synthesized({ ...localDeployment, prefix: 'dev' })

const list = (value: Json | undefined): Json[] => [value ?? []].flat()

test('two syntheses give the same templates', () => {
  expect(synthesized()).toEqual(app)
})

test("the CDK's own rules find nothing", () => {
  expect(findings()).toEqual([])
}, 120_000)

test('the stacks are named as documented, or with the prefix in front', () => {
  const names = ['CdcMskCluster', 'CdcMskConnectIam', 'CdcS3Tables', 'CdcLambdaTransform', 'CdcFirehoseRole', 'CdcFirehose']
  expect(Object.keys(app).toSorted()).toEqual(names.toSorted())
  expect(Object.keys(prefixed).toSorted()).toEqual(names.map((name) => `dev-${name}`).toSorted())
})

test('no physical name of one deployment is that of another', () => {
  const names = (templates: typeof app) =>
    resources(templates).flatMap(({ Type, Properties }) =>
      Object.entries(Properties ?? {})
        .filter(([name, value]) => /^(Name|[A-Z]\w*(Name|GroupName))$/.test(name) && typeof value === 'string')
        .map(([name, value]) => `${Type} ${name} ${scalarText(value)}`),
    )
  // What is inside a table bucket, a log group or a role is not shared with anybody.
  const inside = /AWS::S3Tables::|LogStreamName|AWS::IAM::Policy/
  const shared = names(app).filter((name) => names(prefixed).includes(name) && !inside.test(name))
  expect(names(app).length).toBeGreaterThan(8)
  expect(shared).toEqual([])
})

test('no stack exports or imports: a later deployment is never stopped by an export in use', () => {
  for (const template of Object.values(app)) {
    expect(Object.values(template.Outputs).filter(({ Export }) => Export)).toEqual([])
    expect(JSON.stringify(template)).not.toContain('Fn::ImportValue')
  }
})

test('every parameter of Parameter Store that a stack reads is written by another one', () => {
  const read = Object.values(app).flatMap((template) => Object.values(template.Parameters).map(({ Default }) => Default))
  const written = ofType(app, 'AWS::SSM::Parameter').map(({ Properties }) => Properties?.Name)
  expect(read.filter((name) => !written.includes(String(name)) && name !== '/cdk-bootstrap/hnb659fds/version')).toEqual([])
  expect(read).toContain('/aurora-cdc/msk-cluster-arn')
})

test('no AWS managed policy is attached', () => {
  for (const { Properties } of ofType(app, 'AWS::IAM::Role')) expect(Properties).not.toHaveProperty('ManagedPolicyArns')
})

test('nothing is let in from anywhere: security groups name each other, PrivateLink comes from the VPC', () => {
  const rules = resources(app).flatMap(({ Type, Properties }) =>
    Type === 'AWS::EC2::SecurityGroupIngress' ? [Properties ?? {}] : list(Properties?.SecurityGroupIngress),
  )
  expect(rules).toHaveLength(4)
  const fromAddresses = rules.filter(isObject).filter(({ SourceSecurityGroupId }) => SourceSecurityGroupId === undefined)
  expect(fromAddresses).toEqual([expect.objectContaining({ CidrIp: '10.0.0.0/16', FromPort: 14001, ToPort: 14100 })])
})

test('brokers speak TLS only, with IAM, and their other listener is an option', () => {
  const cluster = onlyOf(app, 'AWS::MSK::Cluster')
  expect(cluster).toMatchObject({
    ClientAuthentication: { Sasl: { Iam: { Enabled: true } }, Unauthenticated: { Enabled: false } },
    EncryptionInfo: { EncryptionInTransit: { ClientBroker: 'TLS', InCluster: true } },
  })
  const open = synthesized({ ...localDeployment, kafka: { authentication: 'unauthenticated' } })
  expect(onlyOf(open, 'AWS::MSK::Cluster')).toMatchObject({
    ClientAuthentication: { Sasl: { Iam: { Enabled: true } }, Unauthenticated: { Enabled: true } },
  })
})

test("the cluster is created without multi-VPC connectivity, which MSK refuses then, and follows its configuration's latest revision", () => {
  const cluster = onlyOf(app, 'AWS::MSK::Cluster')
  expect(cluster.BrokerNodeGroupInfo).not.toHaveProperty('ConnectivityInfo')
  expect(cluster.ConfigurationInfo).toMatchObject({ Revision: { 'Fn::GetAtt': ['Configuration', 'LatestRevision.Revision'] } })
})

test.each([
  [2, 2, 1],
  [4, 3, 2],
])('with %d brokers topics have %d replicas, of which %d must be in sync', (brokers, replicas, inSync) => {
  const { ServerProperties } = onlyOf(synthesized({ ...localDeployment, kafka: { brokers } }), 'AWS::MSK::Configuration')
  expect(scalarText(ServerProperties).split('\n')).toEqual(
    expect.arrayContaining([
      'auto.create.topics.enable=true',
      'log.message.timestamp.type=LogAppendTime',
      'num.partitions=1',
      `default.replication.factor=${replicas}`,
      `min.insync.replicas=${inSync}`,
    ]),
  )
})

test('buckets are private, encrypted and reached by TLS only', () => {
  for (const { Properties } of ofType(app, 'AWS::S3::Bucket')) {
    expect(Properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
    })
  }
  const denials = ofType(app, 'AWS::S3::BucketPolicy')
    .flatMap(({ Properties }) => objectsIn(Properties))
    .filter(({ Effect }) => Effect === 'Deny')
  expect(denials).toContainEqual(expect.objectContaining({ Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }))
  expect(onlyOf(app, 'AWS::S3Tables::TableBucket')).toMatchObject({ EncryptionConfiguration: { SSEAlgorithm: 'AES256' } })
})
