import { provisioningDefinition } from '../../../../lib/workflow/provisioning.ts'
import type { Json } from '../../../../local/cloudformation/json.ts'
import { type LocalDefinition, localDefinition } from '../../../../local/workflow/definition.ts'
import { interpret, type Outcome, StateError, type StateEvent } from '../../../../local/workflow/interpret.ts'
import { provisioningSteps, type StepName } from '../../../../pipeline/provisioning.ts'
import { provisioningVariables } from '../../../../pipeline/provisioning-environment.ts'
import { place } from '../../../handlers/provision/asked.ts'

// As the bundle and Lambda give them to a step; its log is no part of what is looked at.
Object.assign(globalThis, { PROVISIONING_PLAN: place.plan })
const { clusterArn, pluginArn, workerConfigurationArn, workerSecurityGroup } = place.environment
Object.assign(process.env, {
  POWERTOOLS_LOG_LEVEL: 'SILENT',
  AWS_REGION: 'us-east-1',
  [provisioningVariables.clusterArn]: clusterArn,
  [provisioningVariables.pluginArn]: pluginArn,
  [provisioningVariables.workerConfigurationArn]: workerConfigurationArn,
  [provisioningVariables.workerSecurityGroup]: workerSecurityGroup,
})

const functionArn = (step: StepName) => `arn:aws:lambda:us-east-1:111122223333:function:${step}`

/** The definition as it is deployed, with all waits so short that only their order is left. */
const definition = withoutWaits(localDefinition(JSON.parse(JSON.stringify(provisioningDefinition(functionArn, 60))), 1 / 600))

function withoutWaits(local: LocalDefinition): LocalDefinition {
  const waits = new Set(['Seconds', 'IntervalSeconds', 'MaxDelaySeconds'])
  const shorter = (key: string, value: unknown) => (waits.has(key) && typeof value === 'number' ? 0.001 : value)
  return { ...local, machine: JSON.parse(JSON.stringify(local.machine, shorter)) }
}

/** What became of an execution in which one step was the real one. */
export interface Run {
  readonly outcome: Outcome
  /** Of the real step, in order: the state, and the name of the error that it threw, undefined where it answered. */
  readonly calls: readonly { readonly state: string; readonly error: string | undefined }[]
  /** Names of the states that were entered. */
  readonly entered: readonly string[]
}

/**
 * Runs the whole machine. One step is its own Lambda handler, called here; the others answer that all is as wanted.
 * @param before called with the number of the call, from 1, and what it is called with
 */
export async function runWith(step: StepName, input: Json, before: (call: number, payload: Json) => void): Promise<Run> {
  const { handler }: { handler: (payload: unknown) => Promise<Json> } = await import(`../../../../handlers/provision/${step}.ts`)
  const calls: { state: string; error: string | undefined }[] = []
  const entered: string[] = []
  const { outcome } = interpret(definition, {
    input,
    execution: { Id: 'arn:aws:states:us-east-1:111122223333:execution:provisioning:run', Name: 'run', StartTime: new Date().toISOString() },
    stateMachine: { Id: 'arn:aws:states:us-east-1:111122223333:stateMachine:provisioning', Name: 'provisioning' },
    async runTask({ name: state, json }, parameters) {
      const asked = provisioningSteps.find((one) => functionArn(one) === json.Resource)
      if (asked === undefined) throw new Error(`${state} is a task of no step`)
      if (asked !== step) return canned(asked, parameters)
      before(calls.length + 1, parameters)
      try {
        const answer = await handler(parameters)
        calls.push({ state, error: undefined })
        // As it is once it was sent.
        return JSON.parse(JSON.stringify(answer))
      } catch (error) {
        if (!(error instanceof Error)) throw error
        calls.push({ state, error: error.name })
        // What Lambda makes of it.
        throw new StateError(error.name, JSON.stringify({ errorType: error.name, errorMessage: error.message }))
      }
    },
    onEvent: (event: StateEvent) => void (event.kind === 'entered' && entered.push(event.state.name)),
  })
  return { outcome: await outcome, calls, entered }
}

function canned(step: StepName, parameters: Json): Json {
  const answer = { ready: true, seen: 'as wanted', since: '2026-11-22T12:00:00.000Z', did: [], already: [] }
  const asked = typeof parameters === 'object' && parameters !== null && 'request' in parameters ? (parameters.request ?? null) : null
  const more: Partial<Record<StepName, Record<string, Json>>> = {
    'ensure-snapshot-requests': { pending: true, removal: true },
    'check-columns': { pending: true },
    'check-request': {
      request: {
        until: 'Verified',
        signal: null,
        resync: [],
        recover: null,
        ...(typeof asked === 'object' && !Array.isArray(asked) ? asked : {}),
      },
    },
    'check-catalog': { mode: 'lake-formation' },
    'ensure-vpc-connectivity': { operationArn: null, refusals: 0 },
    'await-canary': { latencySeconds: 1 },
    'await-row-counts': { rows: {} },
    report: { reached: 'Verified', rows: {}, latencies: null, query: null },
  }
  return { ...answer, ...more[step] }
}
