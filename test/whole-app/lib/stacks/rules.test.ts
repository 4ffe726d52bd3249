import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isObject, type Json, scalarText } from '../../../../local/cloudformation/json.ts'
import { parseDeployment } from '../../../../pipeline/deployment.ts'
import {
  deployedAfter,
  findings,
  localDeployment,
  lookups,
  objectsIn,
  ofType,
  onlyOf,
  resources,
  stackTags,
  synthesized,
} from '../../../lib/synthesized.ts'

const root = join(import.meta.dirname, '..', '..', '..', '..')
const app = synthesized()
const existing = {
  tableBucket: { name: 'given', create: false },
  namespace: { create: false },
  tables: { create: false },
  errorBucket: { create: false },
}
const prefixed = synthesized({ ...localDeployment, prefix: 'dev' })

const list = (value: Json | undefined): Json[] => [value ?? []].flat()

test('two syntheses give the same templates', () => {
  expect(synthesized()).toEqual(app)
})

const everySetting = JSON.parse(readFileSync(join(root, 'test', 'fixtures', 'deployments', 'every-setting.json'), 'utf8'))

test.each([
  ['as it is run locally', localDeployment],
  ['with every setting given', everySetting],
  ['onto what is there already', { ...everySetting, ...existing }],
])(
  "neither the CDK's own rules nor cdk-nag find anything in a deployment %s",
  (_what, deployment) => {
    expect(findings(deployment)).toEqual([])
  },
  120_000,
)

test('the deployment of the fixture gives every setting that there is', () => {
  const given = new Set(Object.keys(everySetting))
  expect(
    Object.keys(parseDeployment(everySetting)).filter((name) => !given.has(name) && !['tables', 'errorBucket'].includes(name)),
  ).toEqual([])
})

test('the stacks are named as documented, or with the prefix in front', () => {
  const names = [
    'CdcMskCluster',
    'CdcMskConnectIam',
    'CdcS3Tables',
    'CdcLambdaTransform',
    'CdcFirehoseRole',
    'CdcFirehose',
    'CdcProvisioning',
    'CdcMonitoring',
  ]
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
  const inside = /AWS::S3Tables::|LogStreamName|AWS::IAM::Policy|AWS::CloudWatch::Alarm MetricName/
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

test('a stack is deployed after whatever writes a parameter that it reads, and the stream after all that Firehose checks', () => {
  const after = deployedAfter()
  const writer = (parameter: Json | undefined) =>
    Object.entries(app).find(([, template]) =>
      ofType(template, 'AWS::SSM::Parameter').some(({ Properties }) => Properties?.Name === parameter),
    )
  const readers = Object.entries(app).flatMap(([stack, { Parameters }]) =>
    Object.values(Parameters).flatMap(({ Default }) => {
      const [written] = writer(Default) ?? []
      return written === undefined ? [] : [[stack, written] as const]
    }),
  )
  expect(readers.length).toBeGreaterThanOrEqual(3)
  for (const [stack, written] of readers) expect([stack, after[stack]]).toEqual([stack, expect.arrayContaining([written])])
  expect(after.CdcFirehose).toEqual(expect.arrayContaining(['CdcMskCluster', 'CdcS3Tables', 'CdcLambdaTransform', 'CdcFirehoseRole']))
  expect(after.CdcMonitoring).toContain('CdcFirehose')
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

test("the cluster follows its configuration's latest revision, logs, and grows its storage", () => {
  const cluster = onlyOf(app, 'AWS::MSK::Cluster')
  expect(cluster.ConfigurationInfo).toMatchObject({ Revision: { 'Fn::GetAtt': ['Configuration', 'LatestRevision.Revision'] } })
  expect(cluster.LoggingInfo).toMatchObject({
    BrokerLogs: { CloudWatchLogs: { Enabled: true, LogGroup: { Ref: expect.stringMatching(/^BrokerLogs/) } } },
  })
  expect(onlyOf(app, 'AWS::ApplicationAutoScaling::ScalableTarget')).toMatchObject({
    MinCapacity: 1,
    MaxCapacity: 1000,
    ScalableDimension: 'kafka:broker-storage:VolumeSize',
  })
  expect(onlyOf(app, 'AWS::ApplicationAutoScaling::ScalingPolicy')).toMatchObject({
    TargetTrackingScalingPolicyConfiguration: { DisableScaleIn: true },
  })
})

test.each([
  ['as it is created', {}],
  ['after another version', { version: '3.8.x' }],
  ['after another broker type', { brokerType: 'kafka.m7g.large' }],
  ['after more brokers', { brokers: 4 }],
  ['after more storage', { storageGiB: 200 }],
  ['after another authentication', { authentication: 'unauthenticated' }],
  ['after another retention', { retentionHours: 24 }],
])('multi-VPC connectivity is not in the template %s, so that no update can take it away', (_what, kafka) => {
  const template = synthesized({ ...localDeployment, kafka }).CdcMskCluster
  expect(JSON.stringify(template)).not.toMatch(/ConnectivityInfo|VpcConnectivity/)
})

test('a plugin and a worker configuration have names of their content, and stay when another takes their place', () => {
  const other = synthesized({ ...localDeployment, region: 'us-east-1', kafka: { brokers: 4 } })
  for (const type of ['AWS::KafkaConnect::CustomPlugin', 'AWS::KafkaConnect::WorkerConfiguration']) {
    const [resource] = ofType(app, type)
    expect(resource?.Properties?.Name).toMatch(/^aurora-cdc-(debezium|worker)-[0-9a-f]{8}$/)
    expect([resource?.UpdateReplacePolicy, resource?.DeletionPolicy]).toEqual(['Retain', 'Delete'])
  }
  // Four brokers mean three replicas of the offsets topic.
  expect(onlyOf(other, 'AWS::KafkaConnect::WorkerConfiguration').Name).not.toBe(onlyOf(app, 'AWS::KafkaConnect::WorkerConfiguration').Name)
  expect(onlyOf(other, 'AWS::KafkaConnect::CustomPlugin').Name).toBe(onlyOf(app, 'AWS::KafkaConnect::CustomPlugin').Name)
})

test('the worker configuration names the offsets topic, the converters, the configuration provider and the limits of the producer', () => {
  const content = scalarText(onlyOf(app, 'AWS::KafkaConnect::WorkerConfiguration').PropertiesFileContent)
  expect(Buffer.from(content, 'base64').toString().split('\n')).toEqual(
    expect.arrayContaining([
      'offset.storage.topic=aurora.cdc.connect-offsets',
      'offset.storage.replication.factor=2',
      'key.converter=org.apache.kafka.connect.json.JsonConverter',
      'value.converter.replace.null.with.default=false',
      'config.providers=secretsmanager',
      'config.providers.secretsmanager.param.region=us-east-1',
      'producer.max.request.size=8388608',
    ]),
  )
})

test('a key of its own encrypts tables, error bucket and brokers', () => {
  const kmsKey = 'arn:aws:kms:us-east-1:111122223333:key/0a1b'
  const keyed = synthesized({ ...localDeployment, kmsKey })
  expect(onlyOf(keyed, 'AWS::S3Tables::TableBucket')).toMatchObject({
    EncryptionConfiguration: { SSEAlgorithm: 'aws:kms', KMSKeyArn: kmsKey },
  })
  expect(onlyOf(keyed, 'AWS::MSK::Cluster')).toMatchObject({ EncryptionInfo: { EncryptionAtRest: { DataVolumeKMSKeyId: kmsKey } } })
  expect(objectsIn(onlyOf(keyed.CdcFirehose ?? {}, 'AWS::S3::Bucket'))).toContainEqual(
    expect.objectContaining({ SSEAlgorithm: 'aws:kms', KMSMasterKeyID: kmsKey }),
  )
  expect(objectsIn(onlyOf(keyed, 'AWS::KinesisFirehose::DeliveryStream'))).toContainEqual({ AWSKMSKeyARN: kmsKey })
})

test('nothing is looked up in an account: a synthesis needs neither credentials nor network', () => {
  expect(lookups()).toBeUndefined()
})

test('the other listener of the brokers is open to the same security groups, and only where it is wanted', () => {
  const ports = (templates: typeof app) =>
    ofType(templates, 'AWS::EC2::SecurityGroupIngress')
      .filter(({ Properties }) => Properties?.SourceSecurityGroupId !== undefined)
      .map(({ Properties }) => Number(Properties?.FromPort))
      .toSorted((one, other) => one - other)
  expect(ports(app)).toEqual([5432, 9098, 9098])
  expect(ports(synthesized({ ...localDeployment, kafka: { authentication: 'unauthenticated' } }))).toEqual([5432, 9094, 9094, 9098, 9098])
})

test('every stack gives the tags of the deployment to its resources', () => {
  expect(stackTags({ ...localDeployment, tags: { team: 'data' } })).toEqual(
    Object.fromEntries(Object.keys(app).map((stack) => [stack, { team: 'data' }])),
  )
})

test('every output is used by a command of the documentation', () => {
  const docs = ['README.md', 'docs/deploying.md', 'docs/runbook.md'].map((name) => readFileSync(join(root, name), 'utf8')).join('\n')
  const outputs = Object.entries(app).flatMap(([stack, { Outputs }]) => Object.keys(Outputs).map((name) => `output ${stack} ${name}`))
  expect(outputs.length).toBeGreaterThan(6)
  expect(outputs.filter((command) => !docs.includes(command))).toEqual([])
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
