import { type stepsOfBoth, type TeardownKey, type TeardownStepName, teardownKeys, teardownReportMembers } from '../../pipeline/teardown.ts'
import { asking, canaryChange } from './asking.ts'
import { chain, type Definition, onlyIf } from './states.ts'

/** Each wait has a deadline of its own; this only ends what nobody foresaw. */
const executionTimeoutSeconds = 24 * 60 * 60

/**
 * The teardown state machine, in the order of execution. Each removal waits until what needs it is gone; each is done over where an execution before was cut off.
 * @param functionArn ARN of a step's function
 */
export function teardownDefinition(functionArn: (step: TeardownStepName | (typeof stepsOfBoth)[number]) => string): Definition {
  const steps = asking<TeardownStepName | (typeof stepsOfBoth)[number], TeardownKey | `${'ensure' | 'await'}CanaryUpdate`>(functionArn)
  const { begin, ask, askUntilReady, report } = steps
  const [insert, lookForInserted] = canaryChange(steps, 'insert', 'Insert', 'inserted')

  const draining = chain(
    insert,
    askUntilReady(
      'await-drained',
      'awaitDrained',
      {
        name: 'Look how far the replication slot is drained',
        comment: 'What the connector has confirmed is in the topic.',
        question: { name: 'Is all confirmed that was committed at the start?', comment: 'What is committed later is not waited for.' },
        wait: { name: 'Wait until the slot is drained', comment: 'Seconds, or as long as the connector is behind.', seconds: 10 },
      },
      { 'lsn.$': '$.checkOwnership.lsn' },
    ),
    lookForInserted,
    ...canaryChange(steps, 'delete', 'Delete', 'deleted'),
  )

  const whole = chain(
    begin('check-teardown', teardownKeys, {
      name: 'Check that this is meant',
      comment: 'The input names the connector, and no provisioning execution runs, which would make again what is removed.',
    }),
    ask('check-ownership', 'checkOwnership', {
      name: 'Check whose it is',
      comment: 'Only what bears the mark of this pipeline is removed. Anything else under its names ends the execution before a change.',
    }),
    onlyIf(
      {
        name: 'Is there something to be delivered first?',
        comment: 'Not where there is no connector any more, or the input gives up what is left.',
      },
      { Variable: '$.checkOwnership.drains', BooleanEquals: true },
      draining,
    ),
    askUntilReady('ensure-no-connector', 'ensureNoConnector', {
      name: 'Delete the connector',
      comment: 'Which stops it. Its replication slot stays.',
      question: { name: 'Is the connector gone?', comment: 'Before that the slot is read, and would be made again.' },
      wait: { name: 'Wait until the connector is gone', comment: '2 to 10 min are usual.', seconds: 15 },
    }),
    askUntilReady('ensure-clean-source', 'ensureCleanSource', {
      name: 'Remove slot, publication and schema at the source',
      comment: 'The slot first, which makes the WAL grow; the schema last, whose mark tells that the rest is of this pipeline.',
      question: { name: 'Is the source clean?', comment: 'A slot that is still being read cannot be dropped.' },
      wait: {
        name: 'Wait until the slot is not read any more',
        comment: 'The session of a worker that has ended lasts a little longer.',
        seconds: 10,
      },
    }),
    ask('check-no-slot', 'checkNoSlot', {
      name: 'Prove that no slot is left',
      comment: 'A slot that nobody reads fills the disk of the source.',
    }),
    askUntilReady('ensure-no-offsets-topic', 'ensureNoOffsetsTopic', {
      name: 'Delete the topic of offsets',
      comment: 'Else a later connector would go on from a slot that is gone, without a snapshot.',
      question: { name: 'Is the topic of offsets gone?', comment: 'MSK has topic operations on ACTIVE clusters only.' },
      wait: { name: 'Wait until the topic of offsets is gone', comment: 'What MSK tells of topics is up to a minute old.', seconds: 10 },
    }),
    ask(
      'check-catalog',
      'checkCatalog',
      { name: 'Look who governs the catalog', comment: 'Grants exist where Lake Formation does.' },
      { missing: 'tolerated' },
    ),
    onlyIf(
      { name: 'Are there grants of Lake Formation?', comment: 'Where IAM governs the catalog, there are none.' },
      { Variable: '$.checkCatalog.mode', StringEquals: 'lake-formation' },
      askUntilReady(
        'ensure-grants',
        'ensureGrants',
        {
          name: 'Revoke the grants of the pipeline',
          comment: 'Of its own roles, and those that it made for readers. Others stay.',
          question: { name: 'Are all grants revoked?', comment: 'A call revokes as many as it has time for.' },
          wait: { name: 'Wait before the next grants are revoked', comment: 'Lake Formation takes a few a second.', seconds: 2 },
        },
        { grants: 'none' },
      ),
    ),
    ask('ensure-no-policy', 'ensureNoPolicy', {
      name: 'Take Firehose out of the cluster policy',
      comment: 'Statements of others stay; a policy of nothing else is deleted.',
    }),
    report('report-teardown', teardownReportMembers, {
      name: 'Report what was removed',
      comment: 'What was removed, what stays and how it would be deleted, and the commands to run next.',
    }),
  )

  return {
    Comment:
      'From a running pipeline to nothing of it at the source and at MSK. May be run again at any time, and redriven where it failed.',
    StartAt: whole.start,
    States: whole.states(undefined),
    TimeoutSeconds: executionTimeoutSeconds,
  }
}
