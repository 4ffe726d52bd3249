import { resolve } from 'node:path'
import { PipelineError } from '../../pipeline/errors.ts'
import { defaultDataDirectory } from '../run/state.ts'

/** What `npm run provision` is asked to do. */
export interface ProvisionOptions {
  /** The local run's data folder; undefined: AWS. */
  readonly dataDirectory: string | undefined
  /** Of the execution to join; undefined: a new one is started. */
  readonly watch: string | undefined
  /** ARN; undefined: that of the deployment file. */
  readonly stateMachine: string | undefined
  readonly deploymentFile: string
  /** JSON; undefined: that of a teardown, which names the deployment. */
  readonly input: string | undefined
}

export const provisionFlags = {
  local: { type: 'boolean' },
  data: { type: 'string' },
  watch: { type: 'string' },
  'state-machine': { type: 'string' },
  deployment: { type: 'string' },
  input: { type: 'string' },
  'tear-down': { type: 'boolean' },
} as const

export const provisionUsage = `npm run provision -- [OPTIONS]

Starts an execution of the provisioning state machine and follows it here, step by step. It only watches: closing it stops nothing.

  --tear-down          of the teardown state machine instead: takes the deployment of the deployment file down (docs/operating.md)
  --watch ARN          follow an execution that was started before
  --input JSON         the execution's input (default: {}, which does everything)
  --state-machine ARN  the state machine (default: that of the deployment file)
  --deployment FILE    the deployment file (default: deployment.json)
  --local              of the local run that npm start has started, rather than of AWS
  --data DIR           with --local: the data folder of the run (default: .data)
  --help               this text

AWS's credentials come from where the AWS CLI takes them.
Exit code: 0 succeeded, 1 failed, timed out or was stopped, 2 anything else. 130 after Ctrl-C: watching ended, the execution goes on.
`

export interface ProvisionFlags {
  readonly local?: boolean | undefined
  readonly data?: string | undefined
  readonly watch?: string | undefined
  readonly 'state-machine'?: string | undefined
  readonly deployment?: string | undefined
  readonly input?: string | undefined
  readonly 'tear-down'?: boolean | undefined
}

/** @throws PipelineError `InvalidUsage` */
export function provisionOptions(values: ProvisionFlags, positionals: readonly string[]): ProvisionOptions {
  if (positionals.length > 0) throw new PipelineError('InvalidUsage', `"${positionals[0]}" is not an option. See --help.`)
  if (values.data !== undefined && !values.local) throw new PipelineError('InvalidUsage', '--data goes with --local. See --help.')
  if (values.watch !== undefined && (values.input !== undefined || values['state-machine'] !== undefined))
    throw new PipelineError(
      'InvalidUsage',
      '--watch joins an execution that has its input and its state machine: leave the other option out.',
    )
  if (values.watch !== undefined && !/^arn:[^:]+:states:[^:]+:\d+:execution:[^:]+:[^:]+$/.test(values.watch))
    throw new PipelineError('InvalidUsage', `--watch takes the ARN of an execution (arn:aws:states:…:execution:…), not ${values.watch}.`)
  if (values['tear-down'] && (values.watch !== undefined || values.input !== undefined || values['state-machine'] !== undefined))
    throw new PipelineError('InvalidUsage', '--tear-down has a state machine and an input of its own: leave the other option out.')
  const input = values.input ?? '{}'
  try {
    JSON.parse(input)
  } catch (cause) {
    throw new PipelineError('InvalidUsage', `--input is not JSON (${String(cause)}).`, { cause })
  }
  return {
    dataDirectory: values.local ? resolve(values.data ?? defaultDataDirectory) : undefined,
    watch: values.watch,
    stateMachine: values['state-machine'],
    deploymentFile: resolve(values.deployment ?? 'deployment.json'),
    input: values['tear-down'] ? undefined : input,
  }
}
