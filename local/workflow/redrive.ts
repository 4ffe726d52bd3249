import { isObject, type Json, type JsonObject } from '../cloudformation/json.ts'
import type { LocalDefinition } from './definition.ts'
import type { HistoryEvent } from './history.ts'

/** How far a state came: what it was last given, and what it answered since. */
interface Progress {
  readonly input: Json
  output?: Json
}

/**
 * A definition that goes on where an execution failed, and the input that its first state had: states that succeeded are not run again. In a Parallel
 * state, branches that ended keep their outputs and the others begin at the state where they were.
 * https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
 */
export function redriven(
  definition: LocalDefinition,
  events: readonly HistoryEvent[],
  input: Json,
): { definition: LocalDefinition; input: Json } {
  const { machine, input: first } = goingOn(definition.machine, input, progressOf(events))
  return { definition: { ...definition, machine }, input: first }
}

function goingOn(machine: JsonObject, input: Json, progress: ReadonlyMap<string, Progress>): { machine: JsonObject; input: Json } {
  const states = isObject(machine.States) ? machine.States : {}
  // The last of the machine's own states that was entered; a state of an inner machine has another name.
  const at = [...progress.keys()].findLast((name) => Object.hasOwn(states, name))
  const last = at === undefined ? undefined : progress.get(at)
  const state = at === undefined ? undefined : states[at]
  if (at === undefined || !last || !isObject(state)) return { machine, input }
  if (!Array.isArray(state.Branches)) return { machine: { ...machine, StartAt: at }, input: last.input }
  const Branches = state.Branches.map((branch) => (isObject(branch) ? branchGoingOn(branch, progress) : branch))
  return { machine: { ...machine, StartAt: at, States: { ...states, [at]: { ...state, Branches } } }, input: last.input }
}

/** A branch gets its Parallel state's input, so that a state before the first one puts the right one in its place. */
function branchGoingOn(branch: JsonObject, progress: ReadonlyMap<string, Progress>): JsonObject {
  const states = isObject(branch.States) ? branch.States : {}
  const at = [...progress.keys()].findLast((name) => Object.hasOwn(states, name))
  const last = at === undefined ? undefined : progress.get(at)
  const state = at === undefined ? undefined : states[at]
  if (at === undefined || !last || !isObject(state)) return branch
  const isOver = last.output !== undefined && state.Next === undefined && state.Type !== 'Choice'
  const { machine, input } = goingOn(branch, last.input, progress)
  if (isOver) return { StartAt: resumption, States: { [resumption]: put(last.output ?? null, { End: true }) } }
  const inner = isObject(machine.States) ? machine.States : {}
  return { ...machine, StartAt: resumption, States: { ...inner, [resumption]: put(input, { Next: at }) } }
}

const put = (result: Json, onward: JsonObject): JsonObject => ({ Type: 'Pass', Parameters: { result }, OutputPath: '$.result', ...onward })

/** No state of a definition, so that no history tells of it. */
const resumption = 'Redrive'

/** By the states' names, in the order of their last entries. */
function progressOf(events: readonly HistoryEvent[]): Map<string, Progress> {
  const progress = new Map<string, Progress>()
  for (const event of events) {
    const entered = event.stateEnteredEventDetails
    const exited = event.stateExitedEventDetails
    if (entered) {
      progress.delete(String(entered.name))
      progress.set(String(entered.name), { input: JSON.parse(String(entered.input)) })
    }
    const known = exited && progress.get(String(exited.name))
    if (known) known.output = JSON.parse(String(exited.output))
  }
  return progress
}
