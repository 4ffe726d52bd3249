import { parsePolicy } from '../../../local/aws/authorization/document.ts'
import { kafkaAcls } from '../../../local/aws/kafka-acls.ts'

const cluster = 'arn:aws:kafka:us-east-1:111122223333:cluster/mine/0a1b-2'
const topic = (name: string) => `arn:aws:kafka:us-east-1:111122223333:topic/mine/0a1b-2/${name}`
const group = (name: string) => `arn:aws:kafka:us-east-1:111122223333:group/mine/0a1b-2/${name}`

const allow = (actions: readonly string[], Resource: string | readonly string[], others: object = {}) => ({
  Effect: 'Allow',
  Action: actions.map((action) => `kafka-cluster:${action}`),
  Resource,
  ...others,
})
const connecting = allow(['Connect'], cluster)

/** As `OPERATION resource pattern name`. */
function aclsOf(statements: readonly object[], names: readonly string[] = []): string[] {
  const document = { Version: '2012-10-17', Statement: statements }
  return kafkaAcls({ name: 'role', statements: parsePolicy(document, 'role'), clusterArn: cluster, names })
    .map(({ operation, resource, pattern, name }) => `${operation} ${resource} ${pattern} ${name}`)
    .toSorted()
}

test("each action is Kafka's operation of the same meaning", () => {
  const statements = [
    allow(['Connect', 'DescribeCluster', 'WriteDataIdempotently'], cluster),
    allow(['CreateTopic', 'DescribeTopic', 'DescribeTopicDynamicConfiguration', 'ReadData', 'WriteData'], topic('t')),
    allow(['AlterGroup', 'DescribeGroup'], group('g*')),
  ]
  expect(aclsOf(statements)).toEqual([
    'CREATE topic literal t',
    'DESCRIBE cluster literal kafka-cluster',
    'DESCRIBE group prefixed g',
    'DESCRIBE topic literal t',
    'DESCRIBE_CONFIGS topic literal t',
    'IDEMPOTENT_WRITE cluster literal kafka-cluster',
    'READ group prefixed g',
    'READ topic literal t',
    'WRITE topic literal t',
  ])
})

test('the role is the principal', () => {
  const statements = parsePolicy({ Version: '2012-10-17', Statement: [connecting, allow(['DescribeTopic'], topic('t'))] }, 'x')
  expect(kafkaAcls({ name: 'my-role', statements, clusterArn: cluster, names: [] }).map(({ principal }) => principal)).toEqual([
    'User:my-role',
  ])
})

test('without Connect nothing is allowed', () => {
  expect(aclsOf([allow(['CreateTopic', 'DescribeTopic'], topic('t'))])).toEqual([])
  expect(aclsOf([allow(['Connect'], cluster.replace('mine', 'other')), allow(['DescribeTopic'], topic('t'))])).toEqual([])
})

test('an action without those that it requires has no effect, as little as one that has them elsewhere', () => {
  const group1 = allow(['AlterGroup', 'DescribeGroup'], group('*'))
  const reading = (statements: readonly object[]) => aclsOf([connecting, ...statements]).filter((acl) => acl.startsWith('READ topic'))
  expect(reading([allow(['ReadData', 'DescribeTopic'], topic('t')), group1])).toEqual(['READ topic literal t'])
  expect(reading([allow(['ReadData'], topic('t')), allow(['DescribeTopic'], topic('*')), group1])).toEqual(['READ topic literal t'])
  expect(reading([allow(['ReadData'], topic('t')), group1])).toEqual([])
  expect(reading([allow(['ReadData'], topic('t')), allow(['DescribeTopic'], topic('other')), group1])).toEqual([])
  expect(reading([allow(['ReadData'], topic('t*')), allow(['DescribeTopic'], topic('t')), group1])).toEqual([])
  expect(reading([allow(['ReadData', 'DescribeTopic'], topic('t'))])).toEqual([])
  // AlterGroup has none either, without DescribeGroup.
  expect(reading([allow(['ReadData', 'DescribeTopic'], topic('t')), allow(['AlterGroup'], group('*'))])).toEqual([])
})

test('a pattern is a name, a prefix or all names', () => {
  const acls = (resource: string, names: readonly string[] = []) => aclsOf([connecting, allow(['DescribeTopic'], resource)], names)
  expect(acls(topic('t'))).toEqual(['DESCRIBE topic literal t'])
  expect(acls(topic('t.*'))).toEqual(['DESCRIBE topic prefixed t.'])
  expect(acls(topic('*'))).toEqual(['DESCRIBE topic literal *'])
  expect(acls('*')).toEqual(['DESCRIBE topic literal *'])
})

test('a wildcard within a name stands for the names in use that match', () => {
  const statements = [connecting, allow(['DescribeTopic'], topic('connect_*_mine_*'))]
  expect(aclsOf(statements, ['connect_status_mine_1', 'connect_status_other_1', 'connect_configs_mine_1'])).toEqual([
    'DESCRIBE topic literal connect_configs_mine_1',
    'DESCRIBE topic literal connect_status_mine_1',
  ])
  expect(aclsOf(statements)).toEqual([])
})

test('what is about another cluster, or about another service, gives nothing', () => {
  const other = topic('t').replace('mine', 'other')
  const others = [{ Effect: 'Allow', Action: ['kafka:GetBootstrapBrokers', 's3:GetObject'], Resource: '*' }]
  expect(aclsOf([connecting, allow(['DescribeTopic'], [other, topic('t')]), ...others])).toEqual(['DESCRIBE topic literal t'])
})

test('wildcards in actions are all the actions that they cover', () => {
  expect(aclsOf([connecting, { Effect: 'Allow', Action: 'kafka-cluster:*Group', Resource: group('g') }])).toEqual([
    'DELETE group literal g',
    'DESCRIBE group literal g',
    'READ group literal g',
  ])
})

test.each([
  [
    'a denial',
    { ...allow(['ReadData'], topic('t')), Effect: 'Deny', Sid: 'No' },
    'role: a denial of kafka-cluster actions in the statement No',
  ],
  [
    'a condition',
    allow(['ReadData'], topic('t'), { Condition: { StringEquals: { 'aws:PrincipalTag/a': 'b' } } }),
    'the condition on aws:PrincipalTag/a',
  ],
  ['all actions but some', { Effect: 'Allow', NotAction: 's3:*', Resource: '*' }, 'NotAction or NotResource'],
  ['all resources but some', { Effect: 'Allow', Action: 'kafka-cluster:ReadData', NotResource: topic('t') }, 'NotAction or NotResource'],
  [
    'topics of any cluster',
    allow(['ReadData'], 'arn:aws:kafka:us-east-1:111122223333:topic/*/t'),
    'the resource arn:aws:kafka:us-east-1:111122223333:topic/*/t',
  ],
])('%s has no equivalent, and is not ignored', (_what, statement, message) => {
  expect(() => aclsOf([connecting, statement])).toThrow(message)
})
