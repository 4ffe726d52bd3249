import { kept, nextCommands, reportTeardown } from '../../../handlers/teardown/report-teardown.ts'
import type { StepAnswer } from '../../../pipeline/provisioning.ts'
import { type TeardownAnswers, teardownReportMembers } from '../../../pipeline/teardown.ts'
import { asked, clusterArn, now, place } from '../provision/asked.ts'

const answer = (did: string[] = [], already: string[] = []): StepAnswer => ({
  ready: true,
  seen: 'seen',
  since: now.toISOString(),
  did,
  already,
})
const nothing: TeardownAnswers = {
  checkOwnership: null,
  ensureCanaryInsert: null,
  awaitDrained: null,
  awaitCanaryInsert: null,
  ensureCanaryDelete: null,
  awaitCanaryDelete: null,
  ensureNoConnector: null,
  ensureCleanSource: null,
  checkNoSlot: null,
  ensureNoOffsetsTopic: null,
  checkCatalog: null,
  ensureGrants: null,
  ensureNoPolicy: null,
}
const reported = (given: Partial<TeardownAnswers>) =>
  reportTeardown({ ...asked(), parameters: { answers: { ...nothing, ...given } } }, place)

test('what was removed is told in the order of execution, without the canary', async () => {
  const report = await reported({
    ensureNoPolicy: answer([], ['no policy']),
    ensureCleanSource: answer(['dropped the slot']),
    ensureNoConnector: answer(['deleted the connector']),
    ensureCanaryInsert: answer(['made the insert']),
    checkOwnership: { ...answer(), drains: false, undelivered: 'the last minute', lsn: '0/1' },
  })
  expect(report).toMatchObject({
    outcome: 'the pipeline is down',
    did: ['deleted the connector', 'dropped the slot'],
    already: ['no policy'],
    undelivered: 'the last minute',
  })
  expect(Object.keys(report)).toEqual(expect.arrayContaining([...teardownReportMembers]))
})

test('that nothing was to be done is said', async () => {
  expect(await reported({ ensureNoConnector: answer([], ['there is no connector']) })).toMatchObject({
    outcome: 'nothing was to be done: the pipeline is down',
    did: [],
    undelivered: null,
  })
})

test('what stays is told with the commands that would delete it, in an order that works', () => {
  const bucket = '--region us-east-1 --table-bucket-arn arn:aws:s3tables:us-east-1:111122223333:bucket/aurora-cdc-tables'
  expect(kept(place.plan, clusterArn)).toEqual([
    {
      what: '3 Iceberg tables of aurora-cdc-tables/aurora_cdc',
      remove: `for TABLE in orders products cdc_canary; do aws s3tables delete-table ${bucket} --namespace aurora_cdc --name "$TABLE"; done`,
    },
    { what: 'the namespace aurora_cdc', remove: `aws s3tables delete-namespace ${bucket} --namespace aurora_cdc` },
    { what: 'the table bucket aurora-cdc-tables', remove: `aws s3tables delete-table-bucket ${bucket}` },
    {
      what: `the bucket of failed records ${place.plan.errorBucket}`,
      remove: `aws s3 rb --force s3://${place.plan.errorBucket}`,
    },
    {
      what: 'the topic aurora.cdc.all-tables, until the cluster goes with the stacks',
      remove: `aws kafka delete-topic --region us-east-1 --cluster-arn ${clusterArn} --topic-name aurora.cdc.all-tables`,
    },
  ])
})

test('what the stacks delete is not told as kept, and its bucket has to be emptied', () => {
  const outlives = { tables: false, namespace: false, tableBucket: false, errorBucket: false }
  const tables = place.plan.tables.map((table, index) => ({
    ...table,
    replicaIdentity: index === 0 ? ('full' as const) : table.replicaIdentity,
  }))
  const plan = { ...place.plan, outlives, tables }
  expect(kept(plan, clusterArn).map(({ what }) => what)).toEqual([
    expect.stringContaining('the topic'),
    'the replica identity full of 1 tables at the source, on which others may rely by now',
  ])
  const { queryResultsBucket, errorBucket } = plan
  expect(nextCommands(plan)).toEqual([
    `aws s3 rm --recursive s3://${queryResultsBucket}`,
    `aws s3 rm --recursive s3://${errorBucket}`,
    'npx cdk destroy --all',
  ])
  expect(nextCommands(place.plan)).toEqual([`aws s3 rm --recursive s3://${queryResultsBucket}`, 'npx cdk destroy --all'])
})
