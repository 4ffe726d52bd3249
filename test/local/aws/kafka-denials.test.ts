import { kafkaDecisions, kafkaDenials } from '../../../local/aws/kafka-denials.ts'

const line = (time: string, role: string, verdict: string, operation: string, resource: string) =>
  `[2026-11-22 ${time},331] INFO Principal = User:${role} is ${verdict} operation = ${operation} from host = 127.0.0.1 on resource = ${resource} for request = Fetch with resourceRefCount = 1 based on rule DefaultDeny (kafka.authorizer.logger:295)`

test('a refusal names the action that allows it', () => {
  const log = [
    line('10:00:00', 'connect', 'Denied', 'WRITE', 'Topic:LITERAL:events'),
    line('10:00:01', 'connect', 'Denied', 'WRITE', 'Topic:LITERAL:events'),
    line('10:00:01', 'connect', 'Allowed', 'READ', 'Topic:LITERAL:offsets'),
    'something else that was Denied',
    line('10:00:02', 'firehose', 'Denied', 'READ', 'Group:LITERAL:its-own'),
    line('10:00:02', 'connect', 'Denied', 'IDEMPOTENT_WRITE', 'Cluster:LITERAL:kafka-cluster'),
    line('10:00:02', 'connect', 'Denied', 'CLUSTER_ACTION', 'Cluster:LITERAL:kafka-cluster'),
  ].join('\n')
  const orLacks = ', or lacks an action that this requires'
  expect(kafkaDenials(log)).toEqual([
    `The role connect is not authorized to perform kafka-cluster:WriteData on the topic events${orLacks}`,
    `The role firehose is not authorized to perform kafka-cluster:AlterGroup on the group its-own${orLacks}`,
    `The role connect is not authorized to perform kafka-cluster:WriteDataIdempotently on the cluster${orLacks}`,
    `The role connect is not authorized to perform Kafka's CLUSTER_ACTION on the cluster${orLacks}`,
  ])
  expect(kafkaDecisions(log)).toContainEqual({ role: 'connect', allowed: true, operation: 'READ', resource: 'Topic', name: 'offsets' })
})

test('what an earlier run was refused, and whoever came without a login, are not told of', () => {
  const log = [
    line('09:59:59', 'connect', 'Denied', 'WRITE', 'Topic:LITERAL:before'),
    line('10:00:00', 'connect', 'Denied', 'WRITE', 'Topic:LITERAL:after'),
    line('10:00:00', 'ANONYMOUS', 'Denied', 'WRITE', 'Topic:LITERAL:after'),
  ].join('\n')
  expect(kafkaDecisions(log, Date.parse('2026-11-22T10:00:00.900Z')).map(({ name }) => name)).toEqual(['after'])
})
