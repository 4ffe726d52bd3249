/** The names that every part of the pipeline agrees on. Each is written here and nowhere else. */

/** Debezium's `topic.prefix`: change events of `schema.table` go to `<topicPrefix>.<schema>.<table>` before they are routed. */
export const topicPrefix = 'aurora.cdc'

/** The one topic that carries the change events of all captured tables. */
export const changeEventTopic = `${topicPrefix}.all-tables`

/** Where Debezium's heartbeats go, and the logical messages of the WAL. */
export const heartbeatTopic = `__debezium-heartbeat.${topicPrefix}`
export const logicalMessageTopic = `${topicPrefix}.message`

/** Kafka Connect's offsets topic, named in the worker configuration so that it survives the connector's re-creation. */
export const offsetsTopic = `${topicPrefix}.connect-offsets`

export const connectorName = 'aurora-cdc-debezium'
export const replicationSlot = 'debezium_slot'
export const publication = 'dbz_publication'

/** The schema at the source that belongs to the pipeline. No user table of that schema can be captured. */
export const ownSchema = 'cdc'
export const signalTable = { schema: ownSchema, name: 'debezium_signal' } as const
export const canaryTable = { schema: ownSchema, name: 'canary' } as const
/** Which captured tables were snapshotted, and why; and keys that a re-sync found in Iceberg only. Neither is published. */
export const snapshotsTable = { schema: ownSchema, name: 'snapshots' } as const
export const vanishedKeysTable = { schema: ownSchema, name: 'vanished_keys' } as const

/** Prefix of the heartbeat's logical messages (`pg_logical_emit_message`). */
export const heartbeatMessagePrefix = 'heartbeat'

/** The default namespace of the Iceberg tables. */
export const defaultNamespace = 'aurora_cdc'

/** The largest change event that the topic carries, in bytes: broker, topic and producer take it from here. */
export const maximumMessageBytes = 8 * 1024 * 1024
