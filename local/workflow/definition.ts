import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions'
import { z } from 'zod'
import { PipelineError } from '../../pipeline/errors.ts'
import { isObject, type Json, type JsonObject } from '../cloudformation/json.ts'

/** One state of a definition, at whatever depth. */
export interface StateOfDefinition {
  readonly name: string
  readonly type: string
  /** Under which the interpreter's context tells of the state. */
  readonly key: string
  /** Names of the Parallel states around it, the outermost first, each with the index of the branch. */
  readonly within: readonly { readonly parallel: string; readonly branch: number }[]
  readonly json: JsonObject
}

/** A definition as the interpreter can run it here. */
export interface LocalDefinition {
  readonly machine: JsonObject
  /** Every state by its name, which is unique in a whole definition. */
  readonly states: ReadonlyMap<string, StateOfDefinition>
  /** The definition as it was deployed. */
  readonly original: JsonObject
}

/** Shorter than any wait that a person would notice, long enough that a polled engine is not kept busy by the polling. */
export const shortestPauseSeconds = 0.2

/** Longer than any execution here, and short enough for a timer of Node.js (2^31 ms). */
const longestTimeoutSeconds = 2_000_000

/** States and fields that the interpreter would silently ignore or take otherwise: they are refused rather than run wrongly. */
const refusedFields = ['HeartbeatSeconds', 'HeartbeatSecondsPath', 'Assign', 'QueryLanguage', 'Arguments', 'Output', 'Credentials']
const understoodTypes = ['Task', 'Pass', 'Choice', 'Wait', 'Parallel', 'Succeed', 'Fail']

/**
 * Makes a deployed definition one that the interpreter runs rightly and in a person's time: Wait and Retry times are multiplied by the time
 * scale (never below {@link shortestPauseSeconds}), everything else is left as it is.
 * @throws PipelineError `TemplateNotUnderstood`
 */
export function localDefinition(original: JsonObject, timeScale: number): LocalDefinition {
  const states = new Map<string, StateOfDefinition>()
  const machine = localMachine(original, [], { states, timeScale })
  // Validated as it was deployed: the fractions of seconds of the local one are none of Amazon's.
  try {
    // A copy: the validator writes defaults into what it is given.
    interpreterMachine(structuredClone(original), true)
  } catch (cause) {
    throw notUnderstood(`it is not a valid definition: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  if (typeof machine.TimeoutSeconds === 'number') machine.TimeoutSeconds = Math.min(machine.TimeoutSeconds, longestTimeoutSeconds)
  return { machine, states, original }
}

/** The interpreter of a machine. @throws Error where it is to be validated and is not valid */
export function interpreterMachine(machine: JsonObject, validated = false): StateMachine {
  return new StateMachine(machineShape.parse(machine), { validationOptions: { noValidate: !validated } })
}

const machineShape = z.custom<StateMachineDefinition>(
  (value) => isObject(value) && typeof value.StartAt === 'string' && isObject(value.States),
)

interface Rewriting {
  readonly states: Map<string, StateOfDefinition>
  readonly timeScale: number
}

function localMachine(machine: JsonObject, within: StateOfDefinition['within'], rewriting: Rewriting): JsonObject {
  if (machine.QueryLanguage !== undefined && machine.QueryLanguage !== 'JSONPath') throw notUnderstood('it is written in JSONata')
  if (!isObject(machine.States)) throw notUnderstood('it has no States')
  const states = Object.entries(machine.States).map(([name, state]): [string, Json] => {
    if (!isObject(state)) throw notUnderstood(`the state "${name}" is no object`)
    return [name, localState(name, state, within, rewriting)]
  })
  return { ...machine, States: Object.fromEntries(states) }
}

function localState(name: string, state: JsonObject, within: StateOfDefinition['within'], rewriting: Rewriting): JsonObject {
  const { states, timeScale } = rewriting
  if (states.has(name)) throw notUnderstood(`two states are named "${name}"`)
  const type = textOf(state.Type)
  if (!understoodTypes.includes(type)) throw notUnderstood(`the state "${name}" is of the type ${type}`)
  const field = refusedFields.find((candidate) => candidate in state)
  if (field !== undefined) throw notUnderstood(`the state "${name}" has the field ${field}`)
  if (typeof state.Resource === 'string' && /\.(waitForTaskToken|sync(:2)?)$/.test(state.Resource))
    throw notUnderstood(`the state "${name}" waits for a callback (${state.Resource})`)
  const key = `s${states.size}`
  states.set(name, { name, type, key, within, json: state })
  // The interpreter would make a member named "$" of it; it is what is done anyway.
  const { ResultPath, ...rest } = state
  const local: JsonObject = ResultPath === '$' || ResultPath === undefined ? rest : { ...rest, ResultPath }
  if (type === 'Task' && local.TimeoutSeconds === undefined && local.TimeoutSecondsPath === undefined)
    local.TimeoutSeconds = longestTimeoutSeconds
  if (type === 'Wait') {
    if (typeof local.Seconds !== 'number') throw notUnderstood(`the state "${name}" does not wait for a number of Seconds`)
    local.Seconds = scaled(local.Seconds, timeScale)
  }
  if (Array.isArray(local.Retry))
    local.Retry = local.Retry.map((retrier) => (isObject(retrier) ? localRetrier(retrier, timeScale) : retrier))
  if (Array.isArray(local.Choices)) local.Choices = local.Choices.map(localRule)
  const { Branches, ...own } = local
  const renamed = renamedContext(own, name, key)
  if (!Array.isArray(Branches)) return renamed
  const branches = Branches.map((branch, index) => {
    if (!isObject(branch)) throw notUnderstood(`a branch of "${name}" is no object`)
    return localMachine(branch, [...within, { parallel: name, branch: index }], rewriting)
  })
  return { ...renamed, Branches: branches }
}

function localRetrier({ IntervalSeconds = 1, MaxDelaySeconds, ...retrier }: JsonObject, timeScale: number): JsonObject {
  return {
    ...retrier,
    IntervalSeconds: scaled(Number(IntervalSeconds), timeScale),
    ...(typeof MaxDelaySeconds === 'number' ? { MaxDelaySeconds: scaled(MaxDelaySeconds, timeScale) } : {}),
  }
}

/** Of a test such as `"IsNull": false` the interpreter sees no more than that it does not hold. */
function localRule(rule: Json): Json {
  if (Array.isArray(rule)) return rule.map(localRule)
  if (!isObject(rule)) return rule
  const { Next, Variable, ...tests } = rule
  const onward = Next === undefined ? {} : { Next }
  const negated = Object.entries(tests).find(([test, wanted]) => /^Is[A-Z]/.test(test) && wanted === false)
  if (negated && Variable !== undefined) return { Not: { Variable, [negated[0]]: true }, ...onward }
  const nested = Object.entries(tests).map(([test, operand]) => [test, /^(And|Or|Not)$/.test(test) ? localRule(operand) : operand])
  return { ...(Variable === undefined ? {} : { Variable }), ...Object.fromEntries(nested), ...onward }
}

/** Seconds at AWS as seconds here. */
export function scaled(seconds: number, timeScale: number): number {
  return Math.max(seconds * timeScale, Math.min(seconds, shortestPauseSeconds))
}

/**
 * The interpreter gives each branch a context of its own, whose `Execution` tells the branch's input and start, and has no `State`. So both are
 * read under other names, which it passes on unchanged.
 */
function renamedContext(state: JsonObject, name: string, key: string): JsonObject {
  const renamed = JSON.stringify(state)
    .replaceAll(/\$\$\.Execution\b/g, '$$$$.TheExecution')
    .replaceAll(/\$\$\.State\b/g, () => `$$.StateOf.${key}`)
  if (/"\$\$"/.test(renamed)) throw notUnderstood(`the state "${name}" takes the whole context object`)
  return jsonObject.parse(JSON.parse(renamed))
}

const jsonObject = z.custom<JsonObject>(isObject)

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

function notUnderstood(what: string): PipelineError {
  return new PipelineError('TemplateNotUnderstood', `The state machine's definition cannot be run here: ${what}. See docs/limitations.md.`)
}
