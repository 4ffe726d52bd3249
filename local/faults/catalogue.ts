import { PipelineError } from '../../pipeline/errors.ts'
import { catalogFaults } from './catalog-faults.ts'
import { connections } from './connections.ts'
import type { Fault, StartFault } from './fault.ts'
import { functionFaults } from './function-faults.ts'
import { kills, startFaults } from './kills.ts'
import { streamFaults } from './stream-faults.ts'
import { tableFaults } from './table-faults.ts'
import { topicFaults } from './topic-faults.ts'

/** Every fault, in the order in which they are run. */
export const faults: readonly (Fault | StartFault)[] = [
  ...kills,
  ...connections,
  ...catalogFaults,
  ...streamFaults,
  ...tableFaults,
  ...topicFaults,
  ...functionFaults,
  ...startFaults,
]

/** @throws PipelineError `InvalidUsage` where there is none of that name */
export function faultNamed(name: string): Fault | StartFault {
  const found = faults.find((fault) => fault.name === name)
  if (found) return found
  throw new PipelineError('InvalidUsage', `There is no fault ${name}. There are: ${faults.map((fault) => fault.name).join(', ')}`)
}
