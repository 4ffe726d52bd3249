import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { resourceNames } from '../../pipeline/resource-names.ts'
import { connectorStatus, pauseConnector, restartConnector, resumeConnector } from '../engines/connector.ts'
import { errorCode } from '../engines/error-code.ts'
import type { Fault } from './fault.ts'
import { eventually, type FaultyRun } from './faulty-run.ts'
import { kill } from './kills.ts'
import type { Random } from './random.ts'
import { succeed } from './table-faults.ts'

const patienceMs = 60_000

/** While the connector stands still, the last records come once more in their order, as after an offset that was not written. */
async function deliverTwice(faulty: FaultyRun, random: Random): Promise<void> {
  await pausedConnector(faulty, async () => {
    await faulty.topic(async (topic) => {
      const end = await topic.end()
      for (const value of await topic.read(Math.max(0, end - random.between(50, 1500))))
        await topic.produce(value.length > 0 ? value : null)
    })
  })
}

async function restart(faulty: FaultyRun, random: Random): Promise<void> {
  const { uri, name } = connectorOf(faulty)
  await pausedConnector(faulty, () => sleep(random.between(500, 4000)))
  await restartConnector(uri, name, false)
}

function connectorOf({ run }: FaultyRun) {
  return { uri: run.state.connectUri, name: resourceNames(run.deployment).connector }
}

/** Does something while the connector stands still and changes pend at the source. */
async function pausedConnector(faulty: FaultyRun, act: () => Promise<unknown>): Promise<void> {
  const { uri, name } = connectorOf(faulty)
  const tasksAre = async (state: string) => {
    const status = await connectorStatus(uri, name)
    return status && status.tasks.length > 0 && status.tasks.every((task) => task.state === state) ? true : undefined
  }
  await pauseConnector(uri, name)
  try {
    await eventually(() => tasksAre('PAUSED'), patienceMs, 'a connector that stands still')
    // What it had read may still be on its way to the topic.
    await sleep(500)
    await act()
  } finally {
    await resumeConnector(uri, name)
  }
  await eventually(() => tasksAre('RUNNING'), patienceMs, 'a connector that runs again')
}

/** Behind the pipeline's back: an execution has to name it, and the one that is asked to recover has to. */
async function dropSlot(faulty: FaultyRun): Promise<void> {
  await kill(faulty, ['Kafka Connect'])
  await eventually(() => faulty.atSource(dropped), patienceMs, 'a replication slot that nobody reads')
  const { status, error } = await faulty.execute({})
  if (error !== 'SlotLost') throw new Error(`a dropped slot went unnoticed: the execution ended ${status} ${error ?? ''}`)
  await succeed(faulty, { recover: 'lost-slot' })
}

/** Not while a process of PostgreSQL's still reads it. */
async function dropped(client: Client): Promise<true | undefined> {
  try {
    await client.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots')
    return true
  } catch (error) {
    if (errorCode(error) === inUse) return undefined
    throw error
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html `object_in_use` */
const inUse = '55006'

export const streamFaults: readonly Fault[] = [
  {
    name: 'delivered-twice',
    what: 'the last 50 to 1,500 records come once more',
    injections: 2,
    failures: 'none',
    inject: deliverTwice,
  },
  {
    name: 'connector-restarted',
    what: 'the connector is paused and restarted with changes pending',
    injections: 2,
    failures: 'none',
    inject: restart,
  },
  {
    name: 'slot-dropped',
    what: 'the replication slot is dropped: an execution ends with SlotLost, the next one recovers',
    injections: 1,
    failures: 'none',
    inject: dropSlot,
  },
]
