import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { PipelineError } from '../../pipeline/errors.ts'
import { parseSourceUrl } from '../source/connection.ts'
import { parsePatterns } from '../source/patterns.ts'
import { defaultDataDirectory } from './state.ts'

export interface StartOptions {
  readonly help: boolean
  /** End after the walkthrough (with a database of one's own: once the tables have caught up). */
  readonly once: boolean
  readonly reset: boolean
  readonly detach: boolean
  readonly dataDirectory: string
  readonly explicitData: boolean
  readonly deploymentFile: string | undefined
  readonly own: { readonly url: string; readonly patterns: string } | undefined
}

export const startUsage = `Usage: npm start [-- OPTIONS]

Runs the whole pipeline on this machine from the synthesized stacks, with sample tables and a walkthrough, until Ctrl-C.
Started again it continues where it was.

  --once               end after the walkthrough; exit code 0 only if every Iceberg table equals its source table
  --reset              empty the data folder and start over
  --data DIR           keep everything in DIR (default: .data in the checkout)
  --deployment FILE    the deployment to synthesize (default: local/deployment.json)
  --source URL         capture a database of your own, PostgreSQL 14 or newer: postgres://user@host:port/database
                       (the password in it, in PGPASSWORD or in ~/.pgpass)
  --tables PATTERNS    which of its tables, such as 'public.*,sales.orders'
  --detach             with --source: remove what was created there (slot, publication, schema cdc), and end
  --help               this text

Exit code of --once: 0 all tables equal, 1 some differ, 2 anything else. 130 after Ctrl-C.
`

/** @throws PipelineError `InvalidUsage` */
export function parseStartOptions(args: readonly string[]): StartOptions {
  const { values } = parse(args)
  const { source, tables } = values
  if (values.help) return { ...nothing, help: true, dataDirectory: defaultDataDirectory }
  if (source === undefined && (tables !== undefined || values.detach)) {
    throw new PipelineError('InvalidUsage', `${values.detach ? '--detach' : '--tables'} goes with --source: name the database too.`)
  }
  if (source !== undefined && tables === undefined && !values.detach) {
    throw new PipelineError('InvalidUsage', "--source needs --tables: name the tables to capture, such as --tables 'public.*'.")
  }
  if (source !== undefined) parseSourceUrl(source)
  if (tables !== undefined) parsePatterns(tables)
  return {
    ...nothing,
    ...values,
    deploymentFile: values.deployment === undefined ? undefined : resolve(values.deployment),
    dataDirectory: values.data === undefined ? defaultDataDirectory : resolve(values.data),
    explicitData: values.data !== undefined,
    own: source === undefined ? undefined : { url: source, patterns: tables ?? '' },
  }
}

const nothing = { help: false, once: false, reset: false, detach: false, explicitData: false, deploymentFile: undefined, own: undefined }

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        once: { type: 'boolean' },
        reset: { type: 'boolean' },
        detach: { type: 'boolean' },
        data: { type: 'string' },
        deployment: { type: 'string' },
        source: { type: 'string' },
        tables: { type: 'string' },
      },
    })
  } catch (error) {
    throw new PipelineError(
      'InvalidUsage',
      `${String(error instanceof Error ? error.message : error).split('. ')[0]}. See npm start -- --help.`,
      { cause: error },
    )
  }
}
