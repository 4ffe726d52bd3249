import { openTopic, type Topic } from '../../../local/faults/topic.ts'
import { doSteps } from '../../../local/run/walkthrough.ts'
import { deploymentFile } from './deployment-file.ts'
import { type StartedRun, startRun } from './started-run.ts'
import { throwAway, throwawayFolder } from './throwaway.ts'

const dataDirectory = throwawayFolder()
const settingsFolder = throwawayFolder()
let started: StartedRun
let topic: Topic | undefined

async function start(): Promise<void> {
  started = await startRun(dataDirectory, { deploymentFile: deploymentFile(settingsFolder, { creates: 'insert' }) })
}

beforeAll(start, 300_000)

afterAll(async () => {
  try {
    await topic?.close()
    await started?.stop()
  } finally {
    throwAway(dataDirectory)
    throwAway(settingsFolder)
  }
}, 300_000)

const differences = async () => {
  const { equal, settled, tables } = await started.verify()
  return { equal, settled, orders: tables.find(({ iceberg }) => iceberg === 'orders') }
}

test('with creates as inserts, the walkthrough and a row that is deleted and created again end equal', async () => {
  await started.atSource((client) => doSteps(client, () => {}))
  await started.atSource(async (client) => {
    // In one batch of the function, and spread over several.
    await client.query('BEGIN; DELETE FROM public.orders WHERE order_id = 302; INSERT INTO public.orders (order_id) VALUES (302); COMMIT')
    await client.query('DELETE FROM public.orders WHERE order_id = 303')
  })
  expect(await differences()).toMatchObject({ equal: true })
  await started.atSource((client) => client.query("INSERT INTO public.orders (order_id, status) VALUES (303, 'NEW')"))
  expect(await differences()).toMatchObject({ equal: true, orders: { sourceRows: 10, icebergRows: 10 } })
}, 300_000)

test('a run that was stopped and goes on repeats nothing', async () => {
  await started.stop()
  await start()
  await started.atSource((client) => client.query("INSERT INTO public.orders (order_id, status) VALUES (304, 'NEW')"))
  expect(await differences()).toMatchObject({ equal: true, orders: { sourceRows: 11, icebergRows: 11 } })
}, 300_000)

test('it is inserts indeed: a created row that comes twice is there twice, and verify says which', async () => {
  topic = await openTopic(started.run.state.kafkaBootstrap)
  const created = (await topic.read()).findLast((value) => value.includes('"op":"c"') && value.includes('"order_id":303'))
  if (!created) throw new Error('the topic has no such change event')
  await topic.produce(created)
  expect(await differences()).toMatchObject({
    equal: false,
    settled: true,
    orders: { icebergRows: 12, differences: { duplicate: 1, missing: 0, extra: 0, stale: 0 }, first: [{ key: { order_id: '303' } }] },
  })
}, 300_000)
