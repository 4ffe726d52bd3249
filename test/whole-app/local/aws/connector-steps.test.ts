import type { StepPlace } from '../../../../handlers/provision/step.ts'
import { type AwsRequest, type AwsService, json } from '../../../../local/aws/endpoint.ts'
import { connectState } from '../../../../local/aws/msk-connect/connector-state.ts'
import { mskConnectService } from '../../../../local/aws/msk-connect.ts'
import type { StepAnswer, StepRequest } from '../../../../pipeline/provisioning.ts'
import { asked, place as local } from '../../../handlers/provision/asked.ts'
import { type ConnectorFixture, connectorFixture, connectorName } from '../../../local/aws/connector-fixture.ts'

// The steps' own clients, against the stand-in: as the state machine asks them, again and again.

type Steps = {
  readonly ensureConnector: (request: StepRequest, place: StepPlace) => Promise<StepAnswer>
  readonly awaitConnector: (request: StepRequest, place: StepPlace) => Promise<StepAnswer>
}

const environment = { ...process.env }
let it: ConnectorFixture
let steps: Steps
/** What happens to a request before and after MSK Connect has dealt with it. */
let around: (request: AwsRequest, service: AwsService) => ReturnType<AwsService>

beforeEach(async () => {
  around = (request, service) => service(request)
  it = await connectorFixture()
  const service = mskConnectService(it.fixture.place)
  const served = await it.fixture.serve({
    kafkaconnect: (request) => around(request, service),
    logs: () => json({ events: [] }),
    kafka: () => json({ bootstrapBrokerStringSaslIam: '127.0.0.1:9098' }, 'application/json'),
  })
  const { accessKeyId, secretAccessKey, sessionToken } = served.client().credentials
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: served.endpoint.uri,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    AWS_MAX_ATTEMPTS: '1',
  })
  jest.resetModules()
  steps = {
    ...(await import('../../../../handlers/provision/ensure-connector.ts')),
    ...(await import('../../../../handlers/provision/await-connector.ts')),
  }
})

afterEach(async () => {
  process.env = { ...environment }
  await it.close()
})

/** The plan of a deployment whose connector has these properties, and runs with these. */
function placeOf(
  made: { readonly plugin: string; readonly worker: string },
  properties = it.request.connectorConfiguration ?? {},
): StepPlace {
  const { connector, ...plan } = local.plan
  const { kafkaCluster, logDelivery, serviceExecutionRoleArn = '' } = it.request
  const { subnets = [], securityGroups: [workerSecurityGroup = ''] = [] } = kafkaCluster?.apacheKafkaCluster?.vpc ?? {}
  return {
    ...local,
    now: () => new Date(it.fixture.place.now()),
    environment: { ...local.environment, pluginArn: made.plugin, workerConfigurationArn: made.worker, workerSecurityGroup },
    plan: {
      ...plan,
      connector: {
        ...connector,
        name: connectorName,
        properties,
        subnets,
        roleArn: serviceExecutionRoleArn,
        logGroup: logDelivery?.workerLogDelivery?.cloudWatchLogs?.logGroup ?? '',
        pluginPrefix: 'aurora-cdc-debezium-',
        workerConfigurationPrefix: 'aurora-cdc-worker-',
      },
    },
  }
}

/** Asks a step until it is ready, as the state machine's loop does. */
async function ask(step: keyof Steps, place: StepPlace): Promise<StepAnswer> {
  let previous: StepAnswer | null = null
  for (let looks = 0; looks < 40; looks++) {
    const answer: StepAnswer = await steps[step](asked(previous), place)
    if (answer.ready) return answer
    previous = answer
    it.fixture.pass(100)
  }
  throw new Error(`${step} is not ready after 40 looks`)
}

const made = () => ({
  plugin: it.request.plugins?.[0]?.customPlugin?.customPluginArn ?? '',
  worker: it.request.workerConfiguration?.workerConfigurationArn ?? '',
})
const connectors = () => Object.values(connectState(it.fixture.place.account).get().connectors)
const provision = async (place: StepPlace) => [await ask('ensureConnector', place), await ask('awaitConnector', place)] as const

test('a connector is made once, runs, and is left alone the next time', async () => {
  const [first] = await provision(placeOf(made()))
  expect(first.did).toEqual([`created the connector ${connectorName}`])
  const [second] = await provision(placeOf(made()))
  expect(second).toMatchObject({ did: [], already: [`the connector ${connectorName} is as wanted`] })
  expect(connectors()).toMatchObject([{ state: 'RUNNING' }])
})

test('a new plugin moves it, under its name, and takes the old plugin away', async () => {
  await provision(placeOf(made()))
  const before = connectors()[0]?.arn
  const [moved] = await provision(placeOf(await it.deploy('b', 'b')))
  expect(moved.did).toEqual([
    `deleted the connector ${connectorName}, which had another plugin, worker configuration`,
    `created the connector ${connectorName}`,
    'deleted the former plugin aurora-cdc-debezium-a',
    'deleted the former worker configuration aurora-cdc-worker-a',
  ])
  expect(connectors()).toMatchObject([{ state: 'RUNNING', request: { connectorName } }])
  expect(connectors()[0]?.arn).not.toBe(before)
  // Going back is a deployment like any other: the names are free again.
  expect((await provision(placeOf(await it.deploy('a', 'a'))))[0].did).toContain('deleted the former plugin aurora-cdc-debezium-b')
})

test('an update that Kafka Connect refuses ends in its reason, and the next execution tries it anew', async () => {
  await provision(placeOf(made()))
  it.connect.refused = { name: 'poll.interval.ms', value: '0' }
  const changed = placeOf(made(), { ...it.request.connectorConfiguration, 'poll.interval.ms': '0' })
  await expect(provision(changed)).rejects.toMatchObject({ name: 'ConnectorUpdateFailed' })
  expect(connectors()).toMatchObject([{ state: 'RUNNING', request: { connectorConfiguration: it.request.connectorConfiguration } }])
  it.connect.refused = undefined
  await provision(changed)
  expect(connectors()).toMatchObject([{ request: { connectorConfiguration: { 'poll.interval.ms': '0' } } }])
})

test('a connector that failed is made anew by the next execution', async () => {
  it.connect.state = 'FAILED'
  await expect(provision(placeOf(made()))).rejects.toMatchObject({ name: 'ConnectorFailed' })
  it.connect.state = 'RUNNING'
  const [again] = await provision(placeOf(made()))
  expect(again.did).toEqual([`deleted the connector ${connectorName}, which had failed`, `created the connector ${connectorName}`])
})

test('two executions at once end in one connector, and both see it run', async () => {
  await provision(placeOf(made()))
  const next = placeOf(await it.deploy('b', 'b'), { ...it.request.connectorConfiguration, 'poll.interval.ms': '50' })
  const both = await Promise.all([provision(next), provision(next)])
  expect(both.map(([, { seen }]) => seen)).toEqual([
    `the connector ${connectorName} is RUNNING`,
    `the connector ${connectorName} is RUNNING`,
  ])
  expect(connectors()).toMatchObject([{ state: 'RUNNING', request: { connectorConfiguration: { 'poll.interval.ms': '50' } } }])
  const creations = both.flatMap(([{ did }]) => did.filter((what) => what.startsWith('created')))
  expect(creations).toHaveLength(1)
})

test('cut off before or after any call, it ends in the same connector', async () => {
  await provision(placeOf(made()))
  const undisturbed = placeOf(await it.deploy('b', 'b'), { ...it.request.connectorConfiguration, 'poll.interval.ms': '50' })
  let calls = 0
  around = (request, service) => {
    calls++
    return service(request)
  }
  await provision(undisturbed)
  const total = calls
  expect(total).toBeGreaterThan(8)
  const ends = connectors().map(({ request, state }) => ({ request, state }))
  for (let cut = 1; cut <= total; cut++) {
    for (const answered of [false, true]) {
      // Back to the former plugin, whose names are free again.
      around = (request, service) => service(request)
      await provision(placeOf(await it.deploy('a', 'a')))
      const place = placeOf(await it.deploy('b', 'b'), { ...it.request.connectorConfiguration, 'poll.interval.ms': '50' })
      calls = 0
      around = async (request, service) => {
        calls++
        // A process that is gone makes no further calls; the client's own second try is none either.
        if (calls < cut) return await service(request)
        if (calls === cut && answered) await service(request)
        throw new Error('the process is gone')
      }
      const cutOff = async (step: keyof Steps) => await ask(step, place).catch(() => undefined)
      await cutOff('ensureConnector')
      if (calls < cut) await cutOff('awaitConnector')
      around = (request, service) => service(request)
      await provision(place)
      const now = connectors().map(({ request, state }) => ({ request, state }))
      expect([cut, answered, now.length, now[0]?.state]).toEqual([cut, answered, ends.length, ends[0]?.state])
      expect(now[0]?.request.connectorConfiguration).toEqual(ends[0]?.request.connectorConfiguration)
    }
  }
}, 120_000)
