import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import type { AwsCredentials } from '../aws/principals.ts'
import { errorCode } from '../engines/error-code.ts'
import { isAlive, type ProcessIdentity } from './process-identity.ts'

/** What a running `npm start` tells the other commands, in `<data>/run.json`. */
export interface RunState {
  readonly process: ProcessIdentity
  /** Every process that the run started, so that a run killed outright can be cleared away by the next one. */
  readonly engines: readonly (ProcessIdentity & { readonly name: string })[]
  /** Administrator's connection string, password included: the file is readable by its owner only. */
  readonly postgresUrl: string
  readonly kafkaBootstrap: string
  readonly connectUri: string
  readonly catalogUri: string
  readonly awsEndpoint: string
  /** The administrator's of the local account. */
  readonly awsCredentials: AwsCredentials
  readonly deliveryUri: string
  readonly tableBucket: string
  readonly namespace: string
  /** Folder of the change events that could not be applied: the error bucket. */
  readonly failedRecords: string
  /** The declaration of tables that was deployed. */
  readonly tablesFile: string
}

const processShape = z.object({ pid: z.number(), startedAt: z.string() })
const runFile = z.object({
  process: processShape,
  engines: z.array(processShape.extend({ name: z.string() })),
  postgresUrl: z.string(),
  kafkaBootstrap: z.string(),
  connectUri: z.string(),
  catalogUri: z.string(),
  awsEndpoint: z.string(),
  awsCredentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string(), sessionToken: z.string() }),
  deliveryUri: z.string(),
  tableBucket: z.string(),
  namespace: z.string(),
  failedRecords: z.string(),
  tablesFile: z.string(),
}) satisfies z.ZodType<RunState>

/** The data folder of the local run unless `--data` names another. */
export const defaultDataDirectory = resolve(import.meta.dirname, '..', '..', '.data')

const file = (dataDirectory: string) => join(dataDirectory, 'run.json')

/** What the last run of that folder wrote, whether it still runs or not. */
export function lastRun(dataDirectory: string): RunState | undefined {
  try {
    return runFile.parse(JSON.parse(readFileSync(file(dataDirectory), 'utf8')))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** The run that uses that folder now; undefined when none does. */
export function readRun(dataDirectory: string): RunState | undefined {
  const state = lastRun(dataDirectory)
  return state && isAlive(state.process) ? state : undefined
}

export function writeRun(dataDirectory: string, state: RunState): void {
  const temporary = `${file(dataDirectory)}.new`
  writeFileSync(temporary, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  renameSync(temporary, file(dataDirectory))
}

export function removeRun(dataDirectory: string): void {
  rmSync(file(dataDirectory), { force: true })
}
