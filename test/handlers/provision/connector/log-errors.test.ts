import { errorTexts } from '../../../../handlers/provision/connector/log-errors.ts'

const prefix = '[Worker-0123456789abcdef0] [2026-11-22 12:00:00,000] '

test.each([
  [
    'ERROR [aurora-cdc-debezium|task-0] WorkerSourceTask{id=aurora-cdc-debezium-0} Task threw an uncaught and unrecoverable exception (org.apache.kafka.connect.runtime.WorkerTask:230)',
    'WorkerSourceTask{id=aurora-cdc-debezium-0} Task threw an uncaught and unrecoverable exception (org.apache.kafka.connect.runtime.WorkerTask:230)',
  ],
  ['ERROR Producer failure (io.debezium.pipeline.ErrorHandler:52)', 'Producer failure (io.debezium.pipeline.ErrorHandler:52)'],
])('a line of the log: %s', (line, text) => {
  expect(errorTexts(`${prefix}${line}`)).toEqual([text])
})

test.each([
  ['Caused by: org.postgresql.util.PSQLException: FATAL: password authentication failed for user "debezium"', true],
  ['Caused by: org.postgresql.util.PSQLException: ERROR: permission denied for schema public', true],
  ['Caused by: org.postgresql.util.PSQLException: ERROR: replication slot "debezium_slot" is active for PID 42', true],
  [
    'Caused by: org.postgresql.util.PSQLException: Connection to aurora.local:5432 refused. Check that the hostname and port are correct',
    true,
  ],
  ['org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [aurora.cdc.all-tables]', true],
  ['Caused by: java.net.UnknownHostException: secretsmanager.us-east-1.amazonaws.com', true],
  ['java.lang.UnsupportedClassVersionError: io/debezium/A has been compiled by a more recent version of the Java Runtime', true],
  ['Caused by: org.postgresql.util.PSQLException: ERROR: duplicate key value violates unique constraint "people_pkey"', false],
  ['Caused by: org.apache.kafka.common.errors.SerializationException: Error serializing Anna Smith', false],
  ['Caused by: io.debezium.DebeziumException: Failed to read Struct{name=Anna Smith}', false],
])('of an exception, what it says stays where it cannot hold a value: %s', (line, stays) => {
  const bare = line.replace('Caused by: ', '')
  expect(errorTexts(`${prefix}${line}`)).toEqual([stays ? bare : bare.split(':')[0]])
  expect(errorTexts(line)).toEqual([stays ? bare : bare.split(':')[0]])
})

test('no value of a row comes through a line of the log', () => {
  const lines = [
    "ERROR Failed to convert value 'Anna Smith' of column name",
    'ERROR Invalid value: Anna Smith',
    'ERROR Error processing Struct{after=Struct{name=Anna Smith}}',
    'ERROR Error for key (id)=(Anna Smith)',
    'ERROR Error for {"name":"Anna Smith"}',
    'ERROR Error for 4711 Anna Smith',
    'Detail: Key (name)=(Anna Smith) already exists.',
    '\tat io.debezium.Anna.Smith(Anna.java:1)',
    'WARN Anna Smith',
  ]
  expect(errorTexts(lines.map((line) => `${prefix}${line}`).join('\n')).join()).not.toContain('Anna')
})

test('a text is cut at 300 characters', () => {
  expect(errorTexts(`${prefix}ERROR ${'a'.repeat(400)}`)).toEqual([`${'a'.repeat(299)}…`])
})
