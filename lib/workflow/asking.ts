import { retries } from './retries.ts'
import { type Named, type PayloadTemplate, type Piece, type TaskState, task, waitLoop } from './states.ts'

/** Of a step's function, and a little more: Lambda's own end of a call that takes too long says more than Step Functions'. */
export const functionTimeoutSeconds = 60
const taskTimeoutSeconds = functionTimeoutSeconds + 10

type Looked = Named & { readonly question: Named; readonly wait: Named & { readonly seconds: number } }

/** Tasks that ask a step, and keep its last answer under a key of the state data. */
export interface Asking<Step extends string, Key extends string> {
  /** Checks the execution's input, and makes the state data from it: the request, and no answers yet. */
  readonly begin: (step: Step, keys: readonly Key[], named: Named) => Piece
  readonly ask: (step: Step, key: Key, named: Named, parameters?: PayloadTemplate) => Piece
  /** Again and again, until the answer is that it is ready. */
  readonly askUntilReady: (step: Step, key: Key, named: Looked, parameters?: PayloadTemplate) => Piece
  /** Gives a step all answers; the members of what it makes of them are the execution's output. */
  readonly report: (step: Step, members: readonly string[], named: Named) => Piece
}

export function asking<Step extends string, Key extends string>(functionArn: (step: Step) => string): Asking<Step, Key> {
  const invoke = (step: Step, named: Named, payload: PayloadTemplate, result: Pick<TaskState, 'ResultSelector' | 'ResultPath'>): Piece =>
    task({
      ...named,
      Resource: functionArn(step),
      Parameters: { 'execution.$': '$$.Execution', ...payload },
      ...result,
      TimeoutSeconds: taskTimeoutSeconds,
      Retry: retries(),
    })
  const ask: Asking<Step, Key>['ask'] = (step, key, named, parameters = {}) =>
    invoke(step, named, { 'request.$': '$.request', 'previous.$': `$.${key}`, parameters }, { ResultPath: `$.${key}` })
  return {
    begin: (step, keys, named) =>
      invoke(
        step,
        named,
        { 'request.$': '$', previous: null, parameters: {} },
        { ResultSelector: { 'request.$': '$.request', ...Object.fromEntries(keys.map((key) => [key, null])) } },
      ),
    report: (step, members, named) =>
      invoke(
        step,
        named,
        { 'request.$': '$.request', previous: null, parameters: { 'answers.$': '$' } },
        { ResultSelector: Object.fromEntries(members.map((member) => [`${member}.$`, `$.${member}`])) },
      ),
    ask,
    askUntilReady: (step, key, { question, wait, ...named }, parameters) =>
      waitLoop(ask(step, key, named, parameters), question, { Variable: `$.${key}.ready`, BooleanEquals: true }, wait),
  }
}

type CanaryStep = 'ensure-canary' | 'await-canary'
type CanaryVerb = 'Insert' | 'Update' | 'Delete'

/** A change of the canary's row at the source, and the look for it in Iceberg. */
export function canaryChange(
  { ask, askUntilReady }: Asking<CanaryStep, `${'ensure' | 'await'}Canary${CanaryVerb}`>,
  change: 'insert' | 'update' | 'delete',
  verb: CanaryVerb,
  changed: 'inserted' | 'updated' | 'deleted',
): [Piece, Piece] {
  const seen = { insert: 'is in Iceberg', update: 'is changed in Iceberg', delete: 'is gone from Iceberg' }[change]
  return [
    ask(
      'ensure-canary',
      `ensureCanary${verb}`,
      { name: `${verb} a canary row at the source`, comment: "The project's own table cdc.canary, captured like any other." },
      { change },
    ),
    askUntilReady(
      'await-canary',
      `awaitCanary${verb}`,
      {
        name: `Look for the ${changed} canary row in Iceberg`,
        comment: 'By Athena. Where it does not arrive in time, the hop is named at which it was last seen.',
        question: { name: `Was the ${changed} canary row seen?`, comment: `Yes, once the ${changed} row ${seen}.` },
        wait: { name: `Wait until the ${changed} canary row ${seen}`, comment: "Firehose's buffer, and a commit.", seconds: 5 },
      },
      { change, 'made.$': `$.ensureCanary${verb}.since` },
    ),
  ]
}
