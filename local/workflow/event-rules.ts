import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../pipeline/errors.ts'
import type { DeployedResource, LocalAccount } from '../cloudformation/account.ts'
import { isObject, type Json, type JsonObject, scalarText } from '../cloudformation/json.ts'
import { scaled } from './definition.ts'
import type { Execution } from './execution.ts'
import type { DeployedFunctions } from './functions.ts'

/** Sends events to the functions that the deployed rules name. */
export interface EventRules {
  /** A change of an execution's status, as Step Functions tells EventBridge of it. */
  executionChanged(execution: Execution): void
  /** A secret's rotation, as CloudTrail tells EventBridge of it. */
  secretRotated(secretArn: string): void
  /** From now on nothing is sent. */
  close(): void
}

export interface EventRulesPlace {
  readonly account: LocalAccount
  readonly functions: DeployedFunctions
  readonly timeScale: number
  readonly now: () => number
  /** Told what EventBridge would count as a failed invocation, and nobody would see. */
  readonly onFailure: (sentence: string) => void
}

/** Lambda tries an asynchronous invocation again after one minute and after two more. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
const retryAfterSeconds = [60, 120]

export function eventRules({ account, functions, timeScale, now, onFailure }: EventRulesPlace): EventRules {
  let closed = false

  const invoke = async (target: JsonObject, rule: DeployedResource, event: JsonObject): Promise<void> => {
    const arn = scalarText(target.Arn)
    const failed = (why: string) => onFailure(`The rule ${rule.physicalId} could not invoke ${arn}: ${why}`)
    if (!functions.find(arn)) return failed('there is no such function')
    if (!mayInvoke(account, rule, arn)) return failed('no AWS::Lambda::Permission lets events.amazonaws.com do so for this rule')
    for (const seconds of [...retryAfterSeconds, undefined]) {
      const result = await functions.invoke(arn, event)
      if (result.ok) return
      if (seconds === undefined) return failed(`${result.errorType}: ${result.errorMessage}`)
      await sleep(scaled(seconds, timeScale) * 1000)
    }
  }

  const send = (event: JsonObject): void => {
    if (closed) return
    for (const rule of account.find('AWS::Events::Rule')) {
      const { EventPattern, State, Targets } = rule.properties
      if (State === 'DISABLED' || !isObject(EventPattern) || !matches(EventPattern, event)) continue
      for (const target of Array.isArray(Targets) ? Targets.filter(isObject) : []) {
        invoke(target, rule, event).catch((error: unknown) => closed || onFailure(String(error)))
      }
    }
  }

  const event = (source: string, detailType: string, resources: string[], detail: JsonObject): JsonObject => ({
    version: '0',
    id: randomUUID(),
    'detail-type': detailType,
    source,
    account: account.id,
    // In full seconds, as EventBridge has it.
    time: new Date(now()).toISOString().replace(/\.\d+Z$/, 'Z'),
    region: account.region,
    resources,
    detail,
  })

  return {
    executionChanged: (execution) =>
      send(event('aws.states', 'Step Functions Execution Status Change', [execution.executionArn], executionDetail(execution))),
    secretRotated: (secretArn) =>
      send(event('aws.secretsmanager', 'AWS Service Event via CloudTrail', [], rotationDetail(secretArn, account, new Date(now())))),
    close() {
      closed = true
    },
  }
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
function executionDetail(execution: Execution): JsonObject {
  const { executionArn, stateMachineArn, name, status, startMs, stopMs, input, output, error, cause } = execution
  return {
    executionArn,
    stateMachineArn,
    name,
    status,
    startDate: startMs,
    stopDate: stopMs ?? null,
    input,
    inputDetails: { included: true },
    output: output ?? null,
    outputDetails: output === undefined ? null : { included: true },
    error: error ?? null,
    cause: cause ?? null,
  }
}

/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html */
function rotationDetail(secretArn: string, { id, region }: LocalAccount, at: Date): JsonObject {
  return {
    eventVersion: '1.08',
    userIdentity: { accountId: id, invokedBy: 'secretsmanager.amazonaws.com' },
    eventTime: at.toISOString().replace(/\.\d+Z$/, 'Z'),
    eventSource: 'secretsmanager.amazonaws.com',
    eventName: 'RotationSucceeded',
    awsRegion: region,
    additionalEventData: { SecretId: secretArn },
    eventType: 'AwsServiceEvent',
    recipientAccountId: id,
  }
}

/**
 * Whether an event has what a pattern asks for: every member of the pattern, with one of the values that its list names.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 * @throws PipelineError `TemplateNotUnderstood` for an operator that is not known here
 */
export function matches(pattern: JsonObject, event: Json | undefined): boolean {
  return Object.entries(pattern).every(([member, wanted]) => {
    const value = isObject(event) ? event[member] : undefined
    if (!Array.isArray(wanted)) return isObject(wanted) && matches(wanted, value)
    const values = Array.isArray(value) ? value : [value]
    return wanted.some((alternative) => values.some((candidate) => isMatch(alternative, candidate)))
  })
}

function isMatch(alternative: Json, value: Json | undefined): boolean {
  if (!isObject(alternative)) return value === alternative
  const [operator, operand] = Object.entries(alternative)[0] ?? []
  if (operator === 'prefix' && typeof operand === 'string') return typeof value === 'string' && value.startsWith(operand)
  if (operator === 'suffix' && typeof operand === 'string') return typeof value === 'string' && value.endsWith(operand)
  if (operator === 'exists') return (value !== undefined) === operand
  if (operator === 'anything-but' && operand !== undefined && !isObject(operand)) return ![operand].flat().includes(value ?? null)
  throw new PipelineError('TemplateNotUnderstood', `The event pattern's operator ${operator} is not known here: see docs/limitations.md`)
}

/** A function's own policy has to let EventBridge in, for that rule. */
function mayInvoke(account: LocalAccount, rule: DeployedResource, functionArn: string): boolean {
  const name = functionArn.split(':').at(-1)
  return account.find('AWS::Lambda::Permission').some(({ properties: { Action, FunctionName, Principal, SourceArn, SourceAccount } }) => {
    const isFor = scalarText(FunctionName) === functionArn || scalarText(FunctionName) === name
    const isFrom = (SourceArn === undefined || SourceArn === rule.arn) && (SourceAccount === undefined || SourceAccount === account.id)
    return isFor && isFrom && Principal === 'events.amazonaws.com' && (Action === 'lambda:InvokeFunction' || Action === 'lambda:*')
  })
}
