import { type AnswerKey, answerKeys, reportMembers, type StepName } from '../../pipeline/provisioning.ts'
import { asking, canaryChange } from './asking.ts'
import { chain, type Definition, done, either, onlyIf, type PayloadTemplate, parallel, pause } from './states.ts'

/**
 * Between looks at what may take a day and a half: a look is about nine events, of which an execution may have 25,000. Only one of the two snapshots
 * takes long: tables are added to a pipeline that had its initial one. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
export const longWaitSeconds = 60

/** For a batch that is being transformed, and for its commit. */
const transformMarginSeconds = 60

/** Each wait has a deadline of its own; this only ends what nobody foresaw. */
const executionTimeoutSeconds = 7 * 24 * 60 * 60

/**
 * The provisioning state machine, in the order of execution.
 * @param functionArn ARN of a step's function
 * @param bufferSeconds how long the delivery stream buffers rows at most
 */
export function provisioningDefinition(functionArn: (step: StepName) => string, bufferSeconds: number): Definition {
  const steps = asking<StepName, AnswerKey>(functionArn)
  const { begin, ask, askUntilReady, report } = steps

  const source = chain(
    ask('check-source', 'checkSource', {
      name: 'Check the source',
      comment: 'Logical replication, declared tables, replica identity, rights, room for a slot: everything that is wrong is told at once.',
    }),
    askUntilReady('ensure-source', 'ensureSource', {
      name: 'Ensure the publication and replica identities',
      comment: 'The publication holds exactly the captured tables, the signal table and the canary.',
      question: { name: 'Is the source prepared?', comment: 'A call makes as many changes as it has time for.' },
      wait: { name: 'Wait before the next changes at the source', comment: 'Each is a statement of its own.', seconds: 2 },
    }),
    done({ name: 'The source is ready', comment: 'Debezium can capture the declared tables.' }),
  )

  const connectivity = chain(
    askUntilReady('ensure-vpc-connectivity', 'ensureVpcConnectivity', {
      name: 'Ensure multi-VPC connectivity of the cluster',
      comment: 'Firehose reaches the brokers by it. MSK refuses it at creation, so it is an update, which restarts the brokers one by one.',
      question: { name: 'Is connectivity on, or being turned on?', comment: 'MSK updates only a cluster that is ACTIVE.' },
      wait: { name: 'Wait until the cluster can be updated', comment: 'Whatever runs now ends first.', seconds: 30 },
    }),
    askUntilReady(
      'await-vpc-connectivity',
      'awaitVpcConnectivity',
      {
        name: 'Look at the cluster and its connectivity',
        comment: 'State, operation and whether connectivity is on.',
        question: {
          name: 'Is the cluster ACTIVE with connectivity on?',
          comment: 'HEALING, MAINTENANCE and REBOOTING_BROKER pass, too.',
        },
        wait: { name: 'Wait until the cluster is ACTIVE', comment: '20 to 75 min are usual where connectivity was off.', seconds: 30 },
      },
      { 'operationArn.$': '$.ensureVpcConnectivity.operationArn' },
    ),
    done({ name: 'The cluster is ready', comment: 'ACTIVE, with multi-VPC connectivity for IAM.' }),
  )

  const catalog = chain(
    ask('check-catalog', 'checkCatalog', {
      name: 'Check the catalog',
      comment: 'Is the table bucket in the Glue catalog, who governs it, and may this execution grant where grants are needed?',
    }),
    onlyIf(
      { name: 'Does Lake Formation govern the catalog?', comment: 'Where IAM does, the policies of the roles are enough.' },
      { Variable: '$.checkCatalog.mode', StringEquals: 'lake-formation' },
      askUntilReady('ensure-grants', 'ensureGrants', {
        name: 'Ensure the grants of Lake Formation',
        comment: 'For Firehose, for the checks, and for the declared readers; one after another, and read back.',
        question: { name: 'Are all grants made?', comment: 'A call makes as many as it has time for.' },
        wait: { name: 'Wait before the next grants', comment: 'Lake Formation takes a few grants a second.', seconds: 2 },
      }),
    ),
    ask('check-columns', 'checkColumns', {
      name: 'Look for columns to add or widen',
      comment:
        'Of tables with columns that came later or were widened: what Iceberg has, beside what is declared. What it cannot become ends the execution here.',
    }),
    done({ name: 'The catalog is ready', comment: 'Firehose and the checks may use the tables.' }),
  )

  const preparation = parallel(
    { name: 'Prepare source, connectivity and catalog', comment: 'Three things that do not need each other.' },
    [source, connectivity, catalog],
    merged([
      ['checkSource', 'ensureSource'],
      ['ensureVpcConnectivity', 'awaitVpcConnectivity'],
      ['checkCatalog', 'ensureGrants', 'checkColumns'],
    ]),
  )

  const deliveryReady = chain(
    ask('ensure-cluster-policy', 'ensureClusterPolicy', {
      name: 'Ensure the cluster policy for Firehose',
      comment: 'It lets Firehose connect to the brokers. Statements of others stay.',
    }),
    askUntilReady('ensure-topic', 'ensureTopic', {
      name: 'Ensure the topic of change events',
      comment: 'Its partitions, its replicas and its settings.',
      question: { name: 'Is the topic made as wanted?', comment: 'MSK has topic operations on ACTIVE clusters only.' },
      wait: { name: 'Wait until the topic can be made', comment: 'Whatever runs now ends first.', seconds: 10 },
    }),
    askUntilReady('await-topic', 'awaitTopic', {
      name: 'Look at the topic',
      comment: 'What MSK tells of topics is up to a minute old.',
      question: { name: 'Is the topic ACTIVE?', comment: 'With the settings that it should have.' },
      wait: { name: 'Wait until the topic is ACTIVE', comment: 'Seconds, at most minutes.', seconds: 10 },
    }),
  )

  const streaming = chain(
    askUntilReady('await-delivery-stream', 'awaitDeliveryStream', {
      name: 'Look at the delivery stream',
      comment: 'It must read before there is anything to read, or its failure would be taken for that of the connector.',
      question: { name: 'Is the delivery stream ACTIVE?', comment: 'One that failed or is suspended ends the execution, with the reason.' },
      wait: { name: 'Wait until the delivery stream is ACTIVE', comment: 'Firehose connects by PrivateLink.', seconds: 15 },
    }),
    onlyIf(
      { name: 'Are columns of Iceberg tables to be changed?', comment: 'Not where every Iceberg table is as declared.' },
      { Variable: '$.checkColumns.pending', BooleanEquals: true },
      chain(
        pause({
          name: 'Wait until rows without the new columns are delivered',
          comment:
            'The transform knows the columns since its deployment, and Firehose skips what a table does not have; a row of before, in its buffer, might be refused for lacking them.',
          seconds: bufferSeconds + transformMarginSeconds,
        }),
        askUntilReady('ensure-columns', 'ensureColumns', {
          name: 'Ensure the columns of the Iceberg tables',
          comment: 'ALTER TABLE by Athena: metadata alone. The tables are snapshotted below, for the rows of before.',
          question: { name: 'Are all columns as declared?', comment: 'A call changes as many tables as it has time for.' },
          wait: { name: 'Wait before the next columns', comment: 'Athena takes seconds for each table.', seconds: 5 },
        }),
      ),
    ),
    onlyIf(
      { name: 'Is a lost slot to be recovered from?', comment: 'Only where the request says so: every table is copied again.' },
      { Variable: '$.request.recover', StringEquals: 'lost-slot' },
      askUntilReady('ensure-slot-forgotten', 'ensureSlotForgotten', {
        name: 'Forget the lost slot',
        comment: 'Connector, what is left of the slot, and offsets go, so that a new connector begins with an initial snapshot.',
        question: { name: 'Is nothing left of the lost slot?', comment: 'MSK Connect takes minutes to delete a connector.' },
        wait: { name: 'Wait until nothing is left of the lost slot', comment: 'The connector first, then what it used.', seconds: 15 },
      }),
    ),
    askUntilReady('ensure-connector', 'ensureConnector', {
      name: 'Ensure the connector',
      comment:
        'Creates it, updates it, or where its plugin, worker configuration or role changed makes it anew under the same name and offsets.',
      question: { name: 'Is the connector as wanted?', comment: 'One that is being deleted has to be gone first.' },
      wait: { name: 'Wait until the former connector is gone', comment: 'Its name is free then. Minutes.', seconds: 15 },
    }),
    askUntilReady('await-connector', 'awaitConnector', {
      name: 'Look at the connector',
      comment: 'Its state and the result of the last operation on it.',
      question: { name: 'Is the connector RUNNING?', comment: 'A failed one ends the execution, with the last errors of its log.' },
      wait: { name: 'Wait until the connector is RUNNING', comment: '5 to 15 min are usual for a new one.', seconds: 15 },
    }),
    askUntilReady('await-snapshot', 'awaitSnapshot', {
      name: 'Look at the initial snapshot',
      comment: "Debezium's notification, and whether the replication slot is active: streaming follows the snapshot.",
      question: { name: 'Is the initial snapshot complete?', comment: 'Every captured table was read, and changes are streamed.' },
      wait: { name: 'Wait until the initial snapshot is complete', comment: 'As long as the tables are large.', seconds: longWaitSeconds },
    }),
    ask('ensure-snapshot-requests', 'ensureSnapshotRequests', {
      name: 'Look for tables to snapshot',
      comment: 'Tables that are new, have new columns, are captured again, or are named by the request for a re-sync.',
    }),
    onlyIf(
      { name: 'Is any table to be snapshotted?', comment: 'Not where every captured table was, as it is now.' },
      { Variable: '$.ensureSnapshotRequests.pending', BooleanEquals: true },
      askUntilReady('ensure-tables-scanned', 'ensureTablesScanned', {
        name: 'Have Debezium snapshot the tables',
        comment: "Beside the stream, by signals; the connector's log tells how many rows of each were read.",
        question: { name: 'Are the tables snapshotted?', comment: 'Every row of them was read; the smoke test proves that they arrived.' },
        wait: { name: 'Wait until the tables are snapshotted', comment: 'As long as they are large.', seconds: longWaitSeconds },
      }),
    ),
  )

  const smokeTest = chain(
    ...canaryChange(steps, 'insert', 'Insert', 'inserted'),
    onlyIf(
      { name: 'Are rows to be removed that vanished?', comment: 'Of tables that are re-synced, or of which changes were missed.' },
      { Variable: '$.ensureSnapshotRequests.removal', BooleanEquals: true },
      askUntilReady('ensure-vanished-removed', 'ensureVanishedRemoved', {
        name: 'Remove rows that the source has no longer',
        comment:
          'Keys of Iceberg are looked up at the source; those that are not there are deleted by Athena. What comes back meanwhile is read again.',
        question: {
          name: 'Are the vanished rows removed?',
          comment: 'What was read again is proved to have arrived by the changes that follow.',
        },
        wait: { name: 'Wait before the next rows are removed', comment: 'A call does as much as it has time for.', seconds: 15 },
      }),
    ),
    ...canaryChange(steps, 'update', 'Update', 'updated'),
    ...canaryChange(steps, 'delete', 'Delete', 'deleted'),
    ask('ensure-snapshots-completed', 'ensureSnapshotsCompleted', {
      name: 'Note that all snapshots have arrived',
      comment: 'The canary was written after them, into the same partition: what was before it is in Iceberg.',
    }),
    askUntilReady('await-row-counts', 'awaitRowCounts', {
      name: 'Count the rows of the Iceberg tables',
      comment: 'Every captured table can be queried.',
      question: { name: 'Are the rows of all tables counted?', comment: 'Queries run beside each other.' },
      wait: { name: 'Wait until the rows are counted', comment: 'Athena answers within seconds.', seconds: 5 },
    }),
  )

  const wholeMachine = chain(
    begin('check-request', answerKeys, { name: 'Check the request', comment: 'The input of the execution: {} does everything.' }),
    preparation,
    deliveryReady,
    either(
      { name: 'Is a delivery stream all that is asked for?', comment: 'The deployment of CdcFirehose asks for that, and waits for it.' },
      { Variable: '$.request.until', StringEquals: 'DeliveryReady' },
      onlyIf(
        { name: 'Does somebody wait for a signal?', comment: 'CloudFormation, by a wait condition.' },
        { Variable: '$.request.signal', IsNull: false },
        ask('signal-delivery-ready', 'signalDeliveryReady', {
          name: 'Signal that a delivery stream can be created',
          comment: 'CloudFormation then creates the delivery stream.',
        }),
      ),
      chain(streaming, smokeTest),
    ),
    report('report', reportMembers, {
      name: 'Report what was done',
      comment: 'What was done and what was so already, rows per table, latencies, and the query to run next.',
    }),
  )

  return {
    Comment: 'From deployed stacks to Iceberg tables that follow the source. May be run again at any time, and redriven where it failed.',
    StartAt: wholeMachine.start,
    States: wholeMachine.states(undefined),
    TimeoutSeconds: executionTimeoutSeconds,
  }
}

/** The state data after branches that ran beside each other: each answer from the branch whose step it is, everything else as it was. */
function merged(branches: readonly (readonly AnswerKey[])[]): PayloadTemplate {
  const branchOf = (key: AnswerKey) => branches.findIndex((keys) => keys.includes(key))
  return {
    'request.$': '$[0].request',
    ...Object.fromEntries(answerKeys.map((key) => [`${key}.$`, `$[${Math.max(0, branchOf(key))}].${key}`])),
  }
}
