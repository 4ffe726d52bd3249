/**
 * States of the Amazon States Language, with JSONPath, from pieces that stand in the order of execution: a piece knows its own states, and is told
 * what comes after it. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
 */

export interface Definition {
  readonly Comment: string
  readonly StartAt: string
  readonly States: States
  readonly TimeoutSeconds?: number
}

/** By name; in the order of execution, as the editors and this project's transcript show them. */
export type States = Readonly<Record<string, State>>
export type State = TaskState | ChoiceState | WaitState | ParallelState | SucceedState

/** Where a state goes on; a state that ends has no other. */
type Onward = { readonly Next: string } | { readonly End: true }

interface Described {
  readonly Comment: string
}

/** Keys that end in `.$` hold a path into the state's input, or with `$$` into the context object. */
export type PayloadTemplate = { readonly [key: string]: PayloadTemplate | readonly PayloadTemplate[] | string | number | boolean | null }

export interface Retrier {
  readonly ErrorEquals: readonly string[]
  readonly IntervalSeconds: number
  readonly MaxAttempts: number
  readonly BackoffRate: number
  readonly MaxDelaySeconds: number
  readonly JitterStrategy: 'FULL' | 'NONE'
}

export type TaskState = Described &
  Onward & {
    readonly Type: 'Task'
    readonly Resource: string
    readonly Parameters: PayloadTemplate
    readonly ResultSelector?: PayloadTemplate
    readonly ResultPath?: string
    readonly TimeoutSeconds: number
    readonly Retry: readonly Retrier[]
  }

export interface ChoiceState extends Described {
  readonly Type: 'Choice'
  readonly Choices: readonly (Condition & { readonly Next: string })[]
  readonly Default: string
}

export type WaitState = Described & Onward & { readonly Type: 'Wait'; readonly Seconds: number }
export type ParallelState = Described &
  Onward & {
    readonly Type: 'Parallel'
    readonly Branches: readonly { readonly StartAt: string; readonly States: States }[]
    readonly ResultSelector: PayloadTemplate
  }
export interface SucceedState extends Described {
  readonly Type: 'Succeed'
}

/** One test of a Choice. */
export type Condition = { readonly Variable: string } & (
  | { readonly BooleanEquals: boolean }
  | { readonly StringEquals: string }
  | { readonly IsNull: boolean }
)

/** States that are entered at `start`; what leaves them goes to the state that is named, or ends where none is. */
export interface Piece {
  readonly start: string
  states(next: string | undefined): States
}

/** A name, which is a sentence, and what the console shows beside it. */
export interface Named {
  readonly name: string
  readonly comment: string
}

/** One piece after another. */
export function chain(...pieces: readonly [Piece, ...Piece[]]): Piece {
  return {
    start: pieces[0].start,
    states: (next) => Object.assign({}, ...pieces.map((piece, index) => piece.states(pieces[index + 1]?.start ?? next))),
  }
}

export function task({ name, comment, ...rest }: Named & Omit<TaskState, 'Type' | 'Comment' | 'Next' | 'End'>): Piece {
  return { start: name, states: (next) => ({ [name]: { Type: 'Task', Comment: comment, ...rest, ...onward(next) } }) }
}

/** Asks, and while the answer is no waits and asks again: Task → Choice → Wait → Task. */
export function waitLoop(asking: Piece, question: Named, condition: Condition, wait: Named & { readonly seconds: number }): Piece {
  return {
    start: asking.start,
    states: (next) => ({
      ...asking.states(question.name),
      [question.name]: choice(question, condition, following(question, next), wait.name),
      [wait.name]: { Type: 'Wait', Comment: wait.comment, Seconds: wait.seconds, Next: asking.start },
    }),
  }
}

/** A pause, whatever is asked. */
export function pause({ name, comment, seconds }: Named & { readonly seconds: number }): Piece {
  return { start: name, states: (next) => ({ [name]: { Type: 'Wait', Comment: comment, Seconds: seconds, ...onward(next) } }) }
}

/** The piece where the condition holds; past it where it does not. */
export function onlyIf(question: Named, condition: Condition, piece: Piece): Piece {
  return {
    start: question.name,
    states: (next) => ({
      [question.name]: choice(question, condition, piece.start, following(question, next)),
      ...piece.states(next),
    }),
  }
}

/** One piece or the other; both go on at the same state. */
export function either(question: Named, condition: Condition, whenTrue: Piece, whenFalse: Piece): Piece {
  return {
    start: question.name,
    states: (next) => ({
      [question.name]: choice(question, condition, whenTrue.start, whenFalse.start),
      ...whenTrue.states(next),
      ...whenFalse.states(next),
    }),
  }
}

/** Pieces beside each other; the first that fails fails all. @param result what becomes of the list of their outputs */
export function parallel({ name, comment }: Named, branches: readonly Piece[], result: PayloadTemplate): Piece {
  return {
    start: name,
    states: (next) => ({
      [name]: {
        Type: 'Parallel',
        Comment: comment,
        Branches: branches.map((branch) => ({ StartAt: branch.start, States: branch.states(undefined) })),
        ResultSelector: result,
        ...onward(next),
      },
    }),
  }
}

/** An end of a branch after a question: a Choice cannot end one itself. */
export function done({ name, comment }: Named): Piece {
  return { start: name, states: () => ({ [name]: { Type: 'Succeed', Comment: comment } }) }
}

function choice({ comment }: Named, condition: Condition, whenTrue: string, otherwise: string): ChoiceState {
  return { Type: 'Choice', Comment: comment, Choices: [{ ...condition, Next: whenTrue }], Default: otherwise }
}

function following({ name }: Named, next: string | undefined): string {
  if (next === undefined) throw new Error(`nothing follows ${name}: a Choice cannot end a state machine`)
  return next
}

function onward(next: string | undefined): Onward {
  return next === undefined ? { End: true } : { Next: next }
}
