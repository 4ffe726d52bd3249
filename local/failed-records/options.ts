import { resolve } from 'node:path'
import { PipelineError } from '../../pipeline/errors.ts'
import { defaultDataDirectory } from '../run/state.ts'
import type { Selection } from './listing.ts'

const acts = ['list', 'explain', 'replay'] as const

/** What `npm run errors` is asked to do. */
export interface ErrorsOptions extends Selection {
  readonly act: (typeof acts)[number]
  /** The local run's data folder; undefined: AWS. */
  readonly dataDirectory: string | undefined
  /** Of AWS: the deployment, and the declaration of its tables. */
  readonly deploymentFile: string
  readonly tablesFile: string
  /** The folder of the error objects, where it is not the local run's bucket. */
  readonly objects: string | undefined
  readonly dryRun: boolean
  readonly timeoutMs: number
  readonly json: boolean
}

export const errorsFlags = {
  name: { type: 'string' },
  table: { type: 'string' },
  since: { type: 'string' },
  'dry-run': { type: 'boolean' },
  timeout: { type: 'string' },
  json: { type: 'boolean' },
  data: { type: 'string' },
  aws: { type: 'boolean' },
  deployment: { type: 'string' },
  tables: { type: 'string' },
  objects: { type: 'string' },
} as const

export const errorsUsage = `npm run errors -- list | explain [NAME] | replay [--dry-run] [OPTIONS]

The records that could not be applied, from the error bucket. Of the local run unless AWS is asked for.

  list       how many there are, by name and table, with the time of the first and the last
  explain    what a name means and how to repair its cause, and the keys of the records that have it; never a value
  replay     makes the rows of these records what the source has now: those that it has are read again through the stream, so that no older
             value comes over a newer one; of the others Iceberg is freed. Done twice it changes nothing. Repair the cause first

  --dry-run          replay: says what it would do, and changes nothing
  --name NAME        only records of this name (explain: the same as the word after it)
  --table TABLE      only records of this table, as schema.table
  --since TIME       only records that arrived since then, such as 2026-11-22T10:00Z
  --timeout SECONDS  replay: how long to wait until all of it is in Iceberg (default: 900)
  --json             for machines
  --data DIR         the data folder of the local run (default: .data)
  --aws              of AWS rather than of the local run; needs --objects
  --objects DIR      a copy of the error bucket: aws s3 sync s3://BUCKET/failed/ DIR
  --deployment FILE  of AWS: the deployment file (default: deployment.json)
  --tables FILE      of AWS: the declaration of tables (default: tables.json)
  --help             this text

AWS's credentials come from where the AWS CLI takes them.
Exit code: 0 done, 1 some records cannot be replayed or failed again, 2 anything else.
`

export type ErrorsFlags = { readonly [Name in keyof typeof errorsFlags]?: string | boolean | undefined }

/** @throws PipelineError `InvalidUsage` */
export function errorsOptions(values: ErrorsFlags, positionals: readonly string[]): ErrorsOptions {
  const [word, named, ...more] = positionals
  const act = acts.find((one) => one === word)
  if (!act) throw usage(`Say one of ${acts.join(', ')}${word === undefined ? '' : `, not "${word}"`}`)
  const extra = act === 'explain' ? more[0] : named
  if (extra !== undefined) throw usage(`${act} takes no "${extra}"`)
  const text = (name: keyof typeof errorsFlags) => (typeof values[name] === 'string' ? values[name] : undefined)
  const name = act === 'explain' ? (named ?? text('name')) : text('name')
  const aws = values.aws === true || values.deployment !== undefined || values.tables !== undefined
  if (aws && values.data !== undefined) throw usage('--data is of the local run, and the other options are of AWS: leave one out')
  if (values['dry-run'] && act !== 'replay') throw usage('--dry-run is of replay')
  const since = text('since')
  const sinceMs = since === undefined ? undefined : Date.parse(since)
  if (Number.isNaN(sinceMs)) throw usage(`--since takes a time such as 2026-11-22T10:00Z, not ${since}`)
  const timeoutMs = Number(values.timeout ?? 900) * 1000
  if (!(timeoutMs > 0)) throw usage(`--timeout takes a number of seconds, not ${values.timeout}`)
  const objects = text('objects')
  return {
    act,
    name,
    table: text('table'),
    sinceMs,
    dataDirectory: aws ? undefined : resolve(text('data') ?? defaultDataDirectory),
    deploymentFile: resolve(text('deployment') ?? 'deployment.json'),
    tablesFile: resolve(text('tables') ?? 'tables.json'),
    objects: objects === undefined ? undefined : resolve(objects),
    dryRun: values['dry-run'] === true,
    timeoutMs,
    json: values.json === true,
  }
}

function usage(sentence: string): PipelineError {
  return new PipelineError('InvalidUsage', `${sentence}. See --help`)
}
