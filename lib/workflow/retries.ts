import { type ErrorName, errorNamesFor } from '../../pipeline/errors.ts'
import type { Retrier } from './states.ts'

/**
 * What Lambda says when an invocation did not reach the function or its end. A timeout and a process that ended are among them: every step goes on where a killed call left off.
 * https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
 */
export const lambdaErrors = [
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.TooManyRequestsException',
  'Lambda.Unknown',
  'Sandbox.Timedout',
  // The runtime's process ended in the middle, as it does without memory.
  'Runtime.ExitError',
  'States.Timeout',
] as const

/** What every task retries: Lambda's own transient errors, and what the table of error names says. Nothing is caught: the state that fails is the cause, and can be redriven. */
export function retries(): Retrier[] {
  return [
    { ErrorEquals: lambdaErrors, IntervalSeconds: 2, MaxAttempts: 6, BackoffRate: 2, MaxDelaySeconds: 30, JitterStrategy: 'FULL' },
    // About five minutes in all: a failover of Aurora or a throttled API is over by then.
    ...named(errorNamesFor('retry'), { IntervalSeconds: 5, MaxAttempts: 8, BackoffRate: 2, MaxDelaySeconds: 60, JitterStrategy: 'FULL' }),
    // Something else has to end first: half an hour, at even intervals.
    ...named(errorNamesFor('wait'), { IntervalSeconds: 30, MaxAttempts: 60, BackoffRate: 1, MaxDelaySeconds: 30, JitterStrategy: 'NONE' }),
  ]
}

function named(names: readonly ErrorName[], retrier: Omit<Retrier, 'ErrorEquals'>): Retrier[] {
  return names.length === 0 ? [] : [{ ErrorEquals: names, ...retrier }]
}
