import { retries } from './retries.ts'
import { type Named, type PayloadTemplate, type Piece, task, waitLoop } from './states.ts'

/** Of a step's function, and a little more: Lambda's own end of a call that takes too long says more than Step Functions'. */
export const functionTimeoutSeconds = 60
export const taskTimeoutSeconds = functionTimeoutSeconds + 10

type Looked = Named & { readonly question: Named; readonly wait: Named & { readonly seconds: number } }

/** Tasks that ask a step, and keep its last answer under a key of the state data. */
export interface Asking<Step extends string, Key extends string> {
  readonly ask: (step: Step, key: Key, named: Named, parameters?: PayloadTemplate) => Piece
  /** Again and again, until the answer is that it is ready. */
  readonly askUntilReady: (step: Step, key: Key, named: Looked, parameters?: PayloadTemplate) => Piece
}

export function asking<Step extends string, Key extends string>(functionArn: (step: Step) => string): Asking<Step, Key> {
  const ask: Asking<Step, Key>['ask'] = (step, key, named, parameters = {}) =>
    task({
      ...named,
      Resource: functionArn(step),
      Parameters: { 'execution.$': '$$.Execution', 'request.$': '$.request', 'previous.$': `$.${key}`, parameters },
      ResultPath: `$.${key}`,
      TimeoutSeconds: taskTimeoutSeconds,
      Retry: retries(),
    })
  return {
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
      { change },
    ),
  ]
}
