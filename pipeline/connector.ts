import { wireSettings } from './change-event.ts'
import {
  canaryTable,
  changeEventTopic,
  heartbeatMessagePrefix,
  maximumMessageBytes,
  offsetsTopic,
  ownSchema,
  publication,
  replicationSlot,
  signalTable,
  topicPrefix,
} from './names.ts'
import { quoteLiteral, type SourceTable } from './source-sql.ts'

/** The configuration provider of the plugin (`connect-plugin/`), as Kafka Connect's properties name it. */
const configProvider = { name: 'secretsmanager', class: 'io.github.auroracdc.SecretsManagerConfigProvider' } as const

export interface ConnectorSettings {
  /** The tables to capture; the pipeline's own two need not be among them. */
  readonly tables: readonly SourceTable[]
  readonly database: {
    readonly hostname: string
    readonly port: number
    readonly name: string
    readonly sslmode: 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'
    /** Name (not ARN) of the secret whose keys `username` and `password` are Debezium's role; resolved by the worker. */
    readonly secretName: string
  }
  /** Of the topics that Kafka Connect creates. */
  readonly topics: { readonly replicationFactor: number; readonly retentionHours: number }
}

/**
 * The connector's configuration: the same on MSK Connect and on a local Kafka Connect, but for addresses, the secret's name and the topics' replicas.
 * It holds no credentials.
 */
export function connectorProperties({ tables, database, topics }: ConnectorSettings): Record<string, string> {
  const captured = [...tables.filter(({ schema }) => schema !== ownSchema), canaryTable]
  return {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    // One replication slot has one reader.
    'tasks.max': '1',

    'database.hostname': database.hostname,
    'database.port': String(database.port),
    'database.dbname': database.name,
    'database.sslmode': database.sslmode,
    'database.user': secretPlaceholder(database.secretName, 'username'),
    'database.password': secretPlaceholder(database.secretName, 'password'),
    // Kafka Connect would restart the connector whenever the provider announces that a secret has aged.
    'config.action.reload': 'none',

    'plugin.name': 'pgoutput',
    'slot.name': replicationSlot,
    'slot.drop.on.stop': 'false',
    // A worker that died leaves the slot active until the server notices: two minutes of patience.
    'slot.max.retries': '60',
    'slot.retry.delay.ms': '2000',
    'retriable.restart.connector.wait.ms': '3000',
    'publication.name': publication,
    // The publication is the pipeline's own: Debezium would take tables out of it again.
    'publication.autocreate.mode': 'disabled',
    'table.include.list': captured.map(tablePattern).join(','),
    'snapshot.mode': 'initial',

    'topic.prefix': topicPrefix,
    ...routing(captured),
    'topic.creation.default.partitions': '1',
    'topic.creation.default.replication.factor': String(topics.replicationFactor),
    'topic.creation.default.retention.ms': String(topics.retentionHours * 60 * 60 * 1000),
    'topic.creation.default.max.message.bytes': String(maximumMessageBytes),

    ...converters,
    ...wireSettings,
    'tombstones.on.delete': 'false',
    // By default truncates would be left out silently.
    'skipped.operations': 'none',
    // Headers of a hundred bytes a message that nobody reads.
    'extended.headers.enabled': 'false',

    // An idle database writes WAL too, which the slot would hold back: a message of our own is what the connector can confirm.
    'heartbeat.interval.ms': '10000',
    'heartbeat.action.query': `SELECT pg_logical_emit_message(false, ${quoteLiteral(heartbeatMessagePrefix)}, '')`,
    'signal.data.collection': `${signalTable.schema}.${signalTable.name}`,
    // The watermarks of a finished chunk are deleted, so that they do not pile up in the signal table.
    'incremental.snapshot.watermarking.strategy': 'insert_delete',
    'notification.enabled.channels': 'log',

    // Measured with the worker's producer settings: 13,000 to 17,000 rows/s on two cores, against 5,800 with the defaults.
    'max.batch.size': '8192',
    'max.queue.size': '32768',
    // Rows may be large: the queue is bounded by memory too.
    'max.queue.size.in.bytes': String(128 * 1024 * 1024),
    'poll.interval.ms': '50',
  }
}

/**
 * What a custom worker configuration of MSK Connect may hold, and the local worker has too. Producer settings stand here rather than as
 * `producer.override.*` in the connector: MSK Connect documents these keys as supported.
 * https://docs.aws.amazon.com/msk/latest/developerguide/msk-connect-supported-worker-config-properties.html
 */
export function workerProperties(settings: { region: string; replicationFactor: number }): Record<string, string> {
  return {
    ...converters,
    // Named, so that a connector created again under its old name goes on where the old one stopped.
    'offset.storage.topic': offsetsTopic,
    'offset.storage.partitions': '1',
    'offset.storage.replication.factor': String(settings.replicationFactor),
    // What a killed worker sends again, at most; killed before the first time, it repeats the initial snapshot.
    'offset.flush.interval.ms': '1000',
    'topic.creation.enable': 'true',
    // A worker that comes back gets its task at once, not after five minutes.
    'scheduled.rebalance.max.delay.ms': '0',
    'config.providers': configProvider.name,
    [`config.providers.${configProvider.name}.class`]: configProvider.class,
    [`config.providers.${configProvider.name}.param.region`]: settings.region,
    'producer.acks': 'all',
    'producer.max.request.size': String(maximumMessageBytes),
    'producer.batch.size': String(256 * 1024),
    'producer.linger.ms': '5',
    // lz4 and zstd are not read by every client.
    'producer.compression.type': 'none',
  }
}

/** `${secretsmanager:<name>:<key>}`. Kafka Connect splits at the first two colons, so that an ARN cannot stand for the name. */
function secretPlaceholder(secretName: string, key: string): string {
  if (/[:{}$]/.test(secretName)) {
    throw new Error(`"${secretName}" cannot stand in a placeholder of Kafka Connect: give the secret's name, not its ARN`)
  }
  return `\${${configProvider.name}:${secretName}:${key}}`
}

const converters = {
  'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'key.converter.schemas.enable': 'false',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter.schemas.enable': 'false',
  // Else a null in a column that has a default would become the default.
  'value.converter.replace.null.with.default': 'false',
} as const

/**
 * All change events go to one topic. Heartbeats (`__debezium-heartbeat.<prefix>`) and logical messages (`<prefix>.message`) have topics of
 * their own: the expression names the schemas, and each in the form that Debezium gives it in a topic's name.
 */
function routing(captured: readonly SourceTable[]): Record<string, string> {
  const schemas = [...new Set(captured.map(({ schema }) => escapePattern(schema.replaceAll(/[^A-Za-z0-9._-]/g, '_'))))]
  return {
    transforms: 'route',
    'transforms.route.type': 'io.debezium.transforms.ByLogicalTableRouter',
    'transforms.route.topic.regex': `${escapePattern(topicPrefix)}\\.(${schemas.join('|')})\\..*`,
    'transforms.route.topic.replacement': changeEventTopic,
    // More than the tables of a deployment, for which it is a cache.
    'transforms.route.logical.table.cache.size': '1024',
  }
}

/** Matches exactly `schema.table`; Debezium ignores case unless told otherwise, and separates patterns by commas. */
export function tablePattern({ schema, name }: SourceTable): string {
  return `(?-i)${escapePattern(`${schema}.${name}`)}`
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.|?*+()[\]{},]/g, '\\$&')
}
