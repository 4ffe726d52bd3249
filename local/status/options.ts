import { resolve } from 'node:path'
import { PipelineError } from '../../pipeline/errors.ts'
import { defaultDataDirectory } from '../run/state.ts'

/** What `npm run status` is asked to look at. */
export interface StatusOptions {
  /** The local run's data folder; undefined: AWS. */
  readonly dataDirectory: string | undefined
  /** Of AWS: the deployment, and the declaration of its tables. */
  readonly deploymentFile: string
  readonly tablesFile: string
  readonly counts: boolean
  readonly json: boolean
}

export const statusFlags = {
  data: { type: 'string' },
  aws: { type: 'boolean' },
  deployment: { type: 'string' },
  tables: { type: 'string' },
  quick: { type: 'boolean' },
  json: { type: 'boolean' },
} as const

export const statusUsage = `npm run status [-- OPTIONS]

One screen: each hop from the WAL to the row with its state, its lag and its last error, the captured tables, what is running, and what to do
next where something is red. It changes nothing. Of the local run unless AWS is asked for.

  --data DIR         the data folder of the local run (default: .data)
  --aws              of AWS rather than of the local run
  --deployment FILE  of AWS: the deployment file (default: deployment.json)
  --tables FILE      of AWS: the declaration of tables (default: tables.json)
  --quick            leaves the tables out: Athena reads them to count their rows
  --json             for machines
  --help             this text

AWS's credentials come from where the AWS CLI takes them.
Exit code: 0 green, 1 something is red, 2 anything else.
`

export interface StatusFlags {
  readonly data?: string | undefined
  readonly aws?: boolean | undefined
  readonly deployment?: string | undefined
  readonly tables?: string | undefined
  readonly quick?: boolean | undefined
  readonly json?: boolean | undefined
}

/** @throws PipelineError `InvalidUsage` */
export function statusOptions(values: StatusFlags, positionals: readonly string[]): StatusOptions {
  const { data, deployment, tables } = values
  if (positionals.length > 0) throw new PipelineError('InvalidUsage', `"${positionals[0]}" is not an option. See --help.`)
  const aws = values.aws === true || deployment !== undefined || tables !== undefined
  if (aws && data !== undefined)
    throw new PipelineError('InvalidUsage', '--data is of the local run, and the other options are of AWS: leave one out. See --help.')
  return {
    dataDirectory: aws ? undefined : resolve(data ?? defaultDataDirectory),
    deploymentFile: resolve(deployment ?? 'deployment.json'),
    tablesFile: resolve(tables ?? 'tables.json'),
    counts: !values.quick,
    json: values.json === true,
  }
}
