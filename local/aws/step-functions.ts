import { z } from 'zod'
import type { LocalAccount } from '../cloudformation/account.ts'
import { scalarText } from '../cloudformation/json.ts'
import type { Execution } from '../workflow/execution.ts'
import type { Executions } from '../workflow/executions.ts'
import { definitionOf, stateMachine } from '../workflow/state-machine.ts'
import { AwsError, type AwsRequest, type AwsService, json, notImplemented } from './endpoint.ts'

const page = { maxResults: z.int().min(0).max(1000).optional(), nextToken: z.string().optional() }
const requests = {
  StartExecution: z.object({ stateMachineArn: z.string(), name: z.string().optional(), input: z.string().default('{}') }),
  DescribeExecution: z.object({ executionArn: z.string() }),
  StopExecution: z.object({ executionArn: z.string(), error: z.string().max(256).optional(), cause: z.string().max(32768).optional() }),
  RedriveExecution: z.object({ executionArn: z.string(), clientToken: z.string().optional() }),
  ListExecutions: z.object({
    stateMachineArn: z.string(),
    statusFilter: z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING_REDRIVE']).optional(),
    ...page,
  }),
  GetExecutionHistory: z.object({
    executionArn: z.string(),
    reverseOrder: z.boolean().default(false),
    includeExecutionData: z.boolean().default(true),
    ...page,
  }),
  DescribeStateMachine: z.object({ stateMachineArn: z.string() }),
}

/** AWS Step Functions (JSON 1.0) over the executions of the local account. */
export function stepFunctionsService(account: LocalAccount, executions: Executions): AwsService {
  const operations: Readonly<Record<string, (input: unknown, authorize: AwsRequest['authorize']) => object | Promise<object>>> = {
    StartExecution(input, authorize) {
      const { stateMachineArn, name, input: data } = parse(requests.StartExecution, input)
      authorize('states:StartExecution', stateMachineArn)
      const { executionArn, startMs } = executions.start(stateMachineArn, data, name)
      return { executionArn, startDate: startMs / 1000 }
    },
    DescribeExecution(input, authorize) {
      const { executionArn } = parse(requests.DescribeExecution, input)
      authorize('states:DescribeExecution', executionArn)
      return description(executions.describe(executionArn))
    },
    async StopExecution(input, authorize) {
      const { executionArn, error, cause } = parse(requests.StopExecution, input)
      authorize('states:StopExecution', executionArn)
      const { stopMs = 0 } = await executions.stop(executionArn, { error, cause })
      return { stopDate: stopMs / 1000 }
    },
    RedriveExecution(input, authorize) {
      const { executionArn } = parse(requests.RedriveExecution, input)
      authorize('states:RedriveExecution', executionArn)
      const { redriveMs = 0 } = executions.redrive(executionArn)
      return { redriveDate: redriveMs / 1000 }
    },
    ListExecutions(input, authorize) {
      const { stateMachineArn, statusFilter, ...wanted } = parse(requests.ListExecutions, input)
      authorize('states:ListExecutions', stateMachineArn)
      const all = executions.list(stateMachineArn).filter(({ status }) => statusFilter === undefined || status === statusFilter)
      const { items, nextToken } = pageOf(all, wanted)
      return { executions: items.map(listed), ...nextToken }
    },
    GetExecutionHistory(input, authorize) {
      const { executionArn, reverseOrder, ...wanted } = parse(requests.GetExecutionHistory, input)
      authorize('states:GetExecutionHistory', executionArn)
      const { events } = executions.describe(executionArn)
      const { items, nextToken } = pageOf(reverseOrder ? events.toReversed() : events, wanted)
      return { events: items, ...nextToken }
    },
    DescribeStateMachine(input, authorize) {
      const { stateMachineArn } = parse(requests.DescribeStateMachine, input)
      authorize('states:DescribeStateMachine', stateMachineArn)
      const machine = stateMachine(account, stateMachineArn)
      return {
        stateMachineArn,
        name: stateMachineArn.split(':').at(-1),
        status: 'ACTIVE',
        definition: JSON.stringify(definitionOf(machine)),
        roleArn: scalarText(machine.properties.RoleArn),
        type: 'STANDARD',
        creationDate: 0,
      }
    },
  }
  return async ({ operation = '', body, authorize }) => {
    const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined
    if (!run) throw notImplemented('states', operation || 'a request without an operation')
    return json(await run(JSON.parse(body), authorize), 'application/x-amz-json-1.0')
  }
}

function parse<Shape extends z.ZodType>(shape: Shape, input: unknown): z.output<Shape> {
  const parsed = shape.safeParse(input)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new AwsError('ValidationException', `1 validation error detected: Value at '${issue?.path.join('.')}': ${issue?.message}`)
}

function listed({ executionArn, stateMachineArn, name, status, startMs, stopMs, redriveCount, redriveMs }: Execution) {
  return {
    executionArn,
    stateMachineArn,
    name,
    status,
    startDate: startMs / 1000,
    ...(stopMs === undefined ? {} : { stopDate: stopMs / 1000 }),
    redriveCount,
    ...(redriveMs === undefined ? {} : { redriveDate: redriveMs / 1000 }),
  }
}

function description(execution: Execution) {
  const { input, output, error, cause, status } = execution
  const included = { included: true }
  return {
    ...listed(execution),
    input,
    inputDetails: included,
    ...(output === undefined ? {} : { output, outputDetails: included }),
    ...(error === undefined ? {} : { error }),
    ...(cause === undefined ? {} : { cause }),
    redriveStatus: status === 'RUNNING' || status === 'SUCCEEDED' ? 'NOT_REDRIVABLE' : 'REDRIVABLE',
  }
}

/** Step Functions gives 100 where nothing else is asked for. A token is the index of the next item. */
function pageOf<T>(all: readonly T[], { maxResults, nextToken }: { maxResults?: number | undefined; nextToken?: string | undefined }) {
  const from = nextToken === undefined ? 0 : Number(nextToken)
  if (!Number.isInteger(from) || from < 0) throw new AwsError('InvalidToken', `Invalid Token: '${nextToken}'`)
  const to = from + (maxResults || 100)
  return { items: all.slice(from, to), nextToken: to < all.length ? { nextToken: String(to) } : {} }
}
