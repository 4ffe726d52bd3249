import { setTablesCatalogMode } from '../../../../../local/aws/glue.ts'
import { grantState } from '../../../../../local/aws/lake-formation/grant-state.ts'
import { changeCluster } from '../../../../../local/aws/msk/cluster-state.ts'
import type { LocalAccount } from '../../../../../local/cloudformation/account.ts'
import { letFirehoseIn } from '../../../../local/cloudformation/firehose-let-in.ts'
import { type AccountFixture, accountFixture } from '../../../../local/cloudformation/fixture.ts'
import { streamTemplate } from '../../../../local/cloudformation/stream-template.ts'

let fixture: AccountFixture
let account: LocalAccount
beforeEach(async () => {
  fixture = await accountFixture()
  fixture.asset('one')
  account = fixture.open()
  const { Stream: _later, ...resources } = streamTemplate().Resources
  await fixture.deploy({ Stack: { Resources: resources } }, account)
})
afterEach(() => fixture.close())

const deployStream = (template = streamTemplate()) => fixture.deploy({ Stack: template }, account)
const clusterArn = () => account.find('AWS::MSK::Cluster')[0]?.arn ?? ''
const firehoseRole = 'arn:aws:iam::111122223333:role/firehose-role'

/** The template with a statement that takes something from the stream's role. */
function denying(action: string): ReturnType<typeof streamTemplate> {
  const template = streamTemplate()
  const denial = { Effect: 'Deny', Action: action, Resource: '*' }
  template.Resources.FirehoseRole.Properties.Policies.push({
    PolicyName: 'Less',
    PolicyDocument: { Version: '2012-10-17', Statement: [denial] },
  })
  return template
}

test('the published order, the stream first, is refused with all that is not there yet', async () => {
  await expect(deployStream()).rejects.toMatchObject({
    name: 'DeploymentRefused',
    message:
      `Stack: Stream: Multi-VPC private connectivity is not enabled for IAM access control on the MSK cluster ${clusterArn()}; ` +
      `firehose.amazonaws.com is not authorized to perform: kafka:CreateVpcConnection on resource: ${clusterArn()} ` +
      'because no resource-based policy allows the kafka:CreateVpcConnection action',
  })
  expect(account.find('AWS::KinesisFirehose::DeliveryStream')).toEqual([])
})

test('the order of the pipeline passes, and what is there is not asked for again', async () => {
  await letFirehoseIn(account)
  expect(await deployStream()).toContain('Stream created')
  await changeCluster(account, clusterArn(), { vpcConnectivity: false, policy: null })
  const slower = streamTemplate(({ destination }) =>
    Object.assign(destination, { BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 60 } }),
  )
  expect(await deployStream(slower)).toContain('Stream updated')
})

test.each<[string, () => Promise<void>, string]>([
  [
    'a cluster that is being updated',
    () => changeCluster(account, clusterArn(), { condition: { state: 'UPDATING', until: Date.now() + 60_000 } }),
    'is in the UPDATING state, and must be ACTIVE',
  ],
  ['connectivity off', () => changeCluster(account, clusterArn(), { vpcConnectivity: false }), 'connectivity is not enabled'],
  [
    'no cluster policy',
    () => changeCluster(account, clusterArn(), { policy: null }),
    'not authorized to perform: kafka:CreateVpcConnection',
  ],
  [
    'a cluster policy for another service',
    () => {
      const Principal = { Service: 'quicksight.amazonaws.com' }
      const Statement = [{ Effect: 'Allow', Principal, Action: 'kafka:CreateVpcConnection', Resource: clusterArn() }]
      return changeCluster(account, clusterArn(), {
        policy: { document: JSON.stringify({ Version: '2012-10-17', Statement }), version: 'K2' },
      })
    },
    'not authorized to perform: kafka:CreateVpcConnection',
  ],
  [
    'a catalog of table buckets that nobody has made',
    () => setTablesCatalogMode(account, 'none'),
    `Role ${firehoseRole} is not authorized to perform: glue:GetTable for the given table or the table does not exist: aurora_cdc.orders`,
  ],
])('%s is refused', async (_what, spoil, message) => {
  await letFirehoseIn(account)
  await spoil()
  await expect(deployStream()).rejects.toMatchObject({ name: 'DeploymentRefused', message: expect.stringContaining(message) })
})

const kafkaActions = ['kafka:DescribeCluster', 'kafka:DescribeClusterV2', 'kafka:GetBootstrapBrokers', 'kafka-cluster:Connect']
const topicActions = ['DescribeTopic', 'DescribeTopicDynamicConfiguration', 'ReadData', 'DescribeGroup', 'AlterGroup']
const glueActions = ['glue:GetDatabase', 'glue:GetTable', 'glue:UpdateTable']
const tableActions = ['GetTable', 'GetTableData', 'GetTableMetadataLocation', 'PutTableData', 'UpdateTableMetadataLocation']
const bucketActions = ['GetBucketLocation', 'ListBucket', 'ListBucketMultipartUploads', 'AbortMultipartUpload', 'GetObject', 'PutObject']

test.each([
  ...kafkaActions,
  ...topicActions.map((name) => `kafka-cluster:${name}`),
  ...glueActions,
  'glue:GetDatabases',
  'glue:GetTables',
  's3tables:GetTableBucket',
  's3tables:GetNamespace',
  ...tableActions.map((name) => `s3tables:${name}`),
  'lambda:InvokeFunction',
  'lambda:GetFunctionConfiguration',
  ...bucketActions.map((name) => `s3:${name}`),
  'logs:PutLogEvents',
])("a role without %s is refused, in IAM's words", async (action) => {
  await letFirehoseIn(account)
  await expect(deployStream(denying(action))).rejects.toMatchObject({
    name: 'DeploymentRefused',
    message: expect.stringContaining(`Role ${firehoseRole} is not authorized to perform: ${action} on resource: `),
  })
})

describe('where Lake Formation governs the catalog', () => {
  const catalog = '111122223333:s3tablescatalog/my-tables'
  const onDatabase = { kind: 'database' as const, catalog, database: 'aurora_cdc' }
  const onTables = { kind: 'table' as const, catalog, database: 'aurora_cdc', table: '*' }

  beforeEach(async () => {
    await letFirehoseIn(account)
    await setTablesCatalogMode(account, 'lake-formation')
  })

  async function grant(...grants: { on: typeof onDatabase | typeof onTables; permissions: string[] }[]): Promise<void> {
    const state = grantState(account)
    const others = { principal: firehoseRole, grantable: [], updatedAt: 0, updatedBy: 'administrator' }
    await state.set({ ...state.get(), grants: grants.map((granted) => ({ ...others, ...granted })) })
  }

  test('the grants are asked for, each', async () => {
    await expect(deployStream()).rejects.toThrow(
      `Role ${firehoseRole}: Insufficient Lake Formation permission(s): Required DESCRIBE on aurora_cdc`,
    )
    await grant({ on: onDatabase, permissions: ['DESCRIBE'] }, { on: onTables, permissions: ['SELECT', 'INSERT', 'DELETE', 'DESCRIBE'] })
    await expect(deployStream()).rejects.toThrow(
      /Stream: Role [^;]*: Insufficient Lake Formation permission\(s\): Required ALTER on orders$/,
    )
    await grant({ on: onDatabase, permissions: ['DESCRIBE'] }, { on: onTables, permissions: ['ALL'] })
    expect(await deployStream(denying('s3tables:*'))).toContain('Stream created')
  })

  test.each(['lakeformation:GetDataAccess', ...glueActions])('a role without %s is refused', async (action) => {
    await grant({ on: onDatabase, permissions: ['DESCRIBE'] }, { on: onTables, permissions: ['ALL'] })
    await expect(deployStream(denying(action))).rejects.toThrow(`not authorized to perform: ${action}`)
  })
})
