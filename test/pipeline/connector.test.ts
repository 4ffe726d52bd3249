import { type ConnectorSettings, connectorProperties, workerProperties } from '../../pipeline/connector.ts'

const settings: ConnectorSettings = {
  tables: [
    { schema: 'public', name: 'orders' },
    { schema: 'sales', name: 'a.b' },
    { schema: 'cdc', name: 'canary' },
  ],
  database: { hostname: 'db.example', port: 5432, name: 'shop', sslmode: 'require', secretName: 'prod/aurora' },
  topics: { replicationFactor: 2, retentionHours: 168 },
}

const properties = (more: Partial<ConnectorSettings> = {}) => connectorProperties({ ...settings, ...more })

/** The text of a Java regular expression as Debezium and Kafka Connect use it: it has to match the whole name, in any case unless it says otherwise. */
function matches(pattern: string | undefined, name: string): boolean {
  const [, caseSensitive, expression = ''] = /^(\(\?-i\))?(.*)$/.exec(pattern ?? '') ?? []
  return new RegExp(`^(?:${expression})$`, caseSensitive ? '' : 'i').test(name)
}

const includes = (list: string | undefined, name: string) => (list ?? '').split(/(?<!\\),/).some((pattern) => matches(pattern, name))

test('credentials are placeholders with the name of the secret', () => {
  expect(properties()).toMatchObject({
    'database.user': '${secretsmanager:prod/aurora:username}',
    'database.password': '${secretsmanager:prod/aurora:password}',
  })
})

test('a secret that ages restarts nothing', () => {
  expect(properties()).toMatchObject({ 'config.action.reload': 'none' })
})

test('an ARN for the name of the secret is refused', () => {
  const database = { ...settings.database, secretName: 'arn:aws:secretsmanager:us-east-1:111122223333:secret:x' }
  expect(() => properties({ database })).toThrow(/give the secret's name, not its ARN/)
})

test('exactly the captured tables and the canary are included', () => {
  const list = properties()['table.include.list']
  for (const table of ['public.orders', 'sales.a.b', 'cdc.canary']) expect(includes(list, table)).toBe(true)
  for (const table of ['public.orders2', 'xpublic.orders', 'public.Orders', 'publicXorders', 'sales.aXb', 'cdc.debezium_signal']) {
    expect(includes(list, table)).toBe(false)
  }
})

test('a comma or a bracket in a name stays part of it', () => {
  const list = properties({ tables: [{ schema: 'public', name: 'a,b(c)*' }] })['table.include.list']
  expect(includes(list, 'public.a,b(c)*')).toBe(true)
  expect(includes(list, 'public.a')).toBe(false)
})

test('change events of the captured schemas go to the one topic, heartbeats and messages do not', () => {
  const regex = new RegExp(`^(?:${properties()['transforms.route.topic.regex']})$`)
  for (const topic of ['aurora.cdc.public.orders', 'aurora.cdc.sales.a.b', 'aurora.cdc.cdc.canary', 'aurora.cdc.cdc.debezium_signal']) {
    expect(topic).toMatch(regex)
  }
  for (const topic of [
    'aurora.cdc.message',
    '__debezium-heartbeat.aurora.cdc',
    'aurora.cdc.transaction',
    'auroraXcdc.public.orders',
    'aurora.cdc.other.t',
  ]) {
    expect(topic).not.toMatch(regex)
  }
  expect(properties()['transforms.route.topic.replacement']).toBe('aurora.cdc.all-tables')
})

test('a schema is routed under the name that Debezium gives its topics', () => {
  const regex = properties({ tables: [{ schema: 'Sales Dept', name: 't' }] })['transforms.route.topic.regex']
  expect('aurora.cdc.Sales_Dept.t').toMatch(new RegExp(`^(?:${regex})$`))
})

test('only addresses, the secret and the replicas differ between two places', () => {
  const local = properties({
    database: { hostname: '127.0.0.1', port: 4711, name: 'local', sslmode: 'disable', secretName: 'local' },
    topics: { replicationFactor: 1, retentionHours: 168 },
  })
  const there = properties()
  const different = Object.keys(there).filter((key) => there[key] !== local[key])
  expect(different).toEqual([
    'database.hostname',
    'database.port',
    'database.dbname',
    'database.sslmode',
    'database.user',
    'database.password',
    'topic.creation.default.replication.factor',
  ])
  expect(Object.keys(local)).toEqual(Object.keys(there))
})

test('the worker configuration holds only what MSK Connect supports', () => {
  // https://docs.aws.amazon.com/msk/latest/developerguide/msk-connect-supported-worker-config-properties.html
  const producer = ['acks', 'batch.size', 'compression.type', 'linger.ms', 'max.request.size']
  const refused =
    /^(access\.control|admin|client|connect|inter\.worker|internal|listeners|metrics|rest|sasl|security|socket|ssl|topic\.tracking|worker)\.|^(bootstrap\.servers|config\.storage\.topic|connector\.client\.config\.override\.policy|group\.id|listeners|plugin\.path|status\.storage\.topic)$/
  const keys = Object.keys(workerProperties({ region: 'eu-central-1', replicationFactor: 2 }))
  expect(keys).toContain('key.converter')
  expect(keys).toContain('value.converter')
  expect(keys.filter((key) => refused.test(key))).toEqual([])
  expect(keys.filter((key) => key.startsWith('producer.')).sort()).toEqual(producer.map((key) => `producer.${key}`))
  expect(Object.keys(properties()).filter((key) => key.startsWith('producer.override.'))).toEqual([])
})

test('the provider of the worker configuration is the one that the connector names', () => {
  const worker = workerProperties({ region: 'eu-central-1', replicationFactor: 2 })
  const provider = worker['config.providers']
  expect(worker[`config.providers.${provider}.class`]).toBe('io.github.auroracdc.SecretsManagerConfigProvider')
  expect(worker[`config.providers.${provider}.param.region`]).toBe('eu-central-1')
  expect(properties()['database.password']).toContain(`\${${provider}:`)
})
