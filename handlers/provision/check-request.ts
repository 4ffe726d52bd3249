import { DescribeDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose'
import { SFNClient } from '@aws-sdk/client-sfn'
import { PipelineError } from '../../pipeline/errors.ts'
import { keyForms } from '../../pipeline/key-forms.ts'
import type { ProvisioningRequest, StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { snapshottedTables } from '../../pipeline/table-snapshots.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { clientSettings } from '../aws-clients.ts'
import { isServiceException } from './aws-errors.ts'
import { refuseTeardown } from './refuse-teardown.ts'
import { type StepPlace, stepHandler } from './step.ts'

export interface CheckedRequest extends StepAnswer {
  readonly request: ProvisioningRequest
}

type Reader<Value> = (given: unknown) => Value

const until: Reader<ProvisioningRequest['until']> = (given) => {
  if (given === undefined || given === 'Verified') return 'Verified'
  if (given === 'DeliveryReady') return given
  throw invalid(`"until" is ${JSON.stringify(given)}; it may be "Verified", which is the default, or "DeliveryReady"`)
}

/** What is wrong with it must not quote it: the URL is a secret. */
const signal: Reader<ProvisioningRequest['signal']> = (given) => {
  if (given === undefined || given === null) return null
  if (isObject(given) && Object.keys(given).join() === 'url' && typeof given.url === 'string' && /^https?:\/\/\S+$/.test(given.url))
    return { url: given.url }
  throw invalid('"signal" must be { "url": "…" } with the URL of a wait condition of CloudFormation')
}

const resync: Reader<ProvisioningRequest['resync']> = (given) => {
  if (given === undefined) return []
  if (Array.isArray(given) && given.every((name) => typeof name === 'string')) return [...new Set<string>(given)]
  throw invalid('"resync" must be a list of captured tables, such as ["public.orders"]')
}

const recover: Reader<ProvisioningRequest['recover']> = (given) => {
  if (given === undefined || given === null) return null
  if (given === 'lost-slot') return given
  throw invalid(`"recover" is ${JSON.stringify(given)}; it may be "lost-slot"`)
}

const readers = { until, signal, resync, recover } as const satisfies {
  [Key in keyof ProvisioningRequest]: Reader<ProvisioningRequest[Key]>
}

/** The input of an execution with defaults filled in; `{}` asks for everything. @throws PipelineError `InvalidRequest` */
export function parseRequest(input: unknown): ProvisioningRequest {
  if (!isObject(input)) throw invalid('it is not a JSON object; {} asks for everything')
  const unknown = Object.keys(input).filter((key) => !Object.hasOwn(readers, key))
  if (unknown.length > 0) {
    const known = Object.keys(readers).map((key) => JSON.stringify(key))
    throw invalid(`${unknown.map((key) => JSON.stringify(key)).join(', ')} is not known; allowed are ${known.join(', ')}`)
  }
  const request = {
    until: readers.until(input.until),
    signal: readers.signal(input.signal),
    resync: readers.resync(input.resync),
    recover: readers.recover(input.recover),
  }
  if (request.resync.length > 0 && request.until !== 'Verified') throw invalid('"resync" goes with "until": "Verified" only')
  if (request.recover !== null && request.until !== 'Verified') throw invalid('"recover" goes with "until": "Verified" only')
  if (request.signal && request.until !== 'DeliveryReady') throw invalid('"signal" goes with "until": "DeliveryReady" only')
  return request
}

const firehose = new FirehoseClient(clientSettings)
const stepFunctions = new SFNClient(clientSettings)
export const handler = stepHandler('check-request', checkRequest)

/** Is the input understood, and can the execution reach what it asks for? @throws PipelineError `InvalidRequest`, `TeardownRunning`, `DeliveryStreamMissing` */
export async function checkRequest(request: StepRequest, { plan, now }: Pick<StepPlace, 'plan' | 'now'>): Promise<CheckedRequest> {
  const asked = parseRequest(request.request)
  refuseResync(asked.resync, plan.tables)
  refuseIncomparable(asked.resync, plan.tables)
  await refuseTeardown(stepFunctions, plan)
  // Hours later the same would be found out, after the cluster was changed.
  if (asked.until !== 'DeliveryReady') await refuseMissingStream(plan.deliveryStream)
  const resynced =
    asked.resync.length === 0
      ? ''
      : `, and for a re-sync of ${asked.resync.length === 1 ? asked.resync[0] : `${asked.resync.length} tables`}`
  const recovered = asked.recover === null ? '' : ', with every table copied again after its slot was lost'
  const seen =
    asked.until === 'DeliveryReady' ? 'asked until a delivery stream can be created' : `asked for everything${resynced}${recovered}`
  return { ...ready(request, now(), { seen }), request: asked }
}

/** By its name, which is the source's. */
function refuseResync(names: readonly string[], tables: readonly CapturedTable[]): void {
  const candidates = snapshottedTables(tables)
  const unknown = names.filter((name) => !candidates.some((table) => `${table.schema}.${table.name}` === name))
  if (unknown.length > 0) {
    const few = candidates.slice(0, 20).map(({ schema, name }) => `${schema}.${name}`)
    const known = candidates.length > few.length ? [...few, `${candidates.length - few.length} more`] : few
    throw invalid(
      `"resync" names ${unknown.slice(0, 20).join(', ')}, which ${unknown.length === 1 ? 'is' : 'are'} not captured; captured are ${known.join(', ')}`,
    )
  }
  const keyless = candidates.filter(({ schema, name, primaryKey }) => primaryKey.length === 0 && names.includes(`${schema}.${name}`))
  if (keyless.length > 0) {
    const text = keyless.slice(0, 20).map(({ schema, name }) => `${schema}.${name}`)
    throw invalid(
      `"resync" names ${text.join(', ')}, which ${keyless.length === 1 ? 'has' : 'have'} no primary key: without one no row can be told from another`,
    )
  }
}

/** What cannot be compared by key cannot be freed of rows. */
function refuseIncomparable(names: readonly string[], tables: readonly CapturedTable[]): void {
  const found = snapshottedTables(tables).filter((table) => names.includes(`${table.schema}.${table.name}`) && !keyForms(table))
  if (found.length === 0) return
  const text = found.slice(0, 20).map(({ schema, name, primaryKey }) => `${schema}.${name} (${primaryKey.join(', ')})`)
  throw invalid(`"resync" names ${text.join(', ')}: what Iceberg holds of such a key cannot be looked up at the source`)
}

async function refuseMissingStream(name: string): Promise<void> {
  try {
    await firehose.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName: name }))
  } catch (error) {
    if (!isServiceException(error) || error.name !== 'ResourceNotFoundException') throw error
    throw new PipelineError(
      'DeliveryStreamMissing',
      `There is no delivery stream ${name}: its stack CdcFirehose is not deployed, or not from the same deployment.json. Run npx cdk deploy --all, then start an execution.`,
    )
  }
}

function invalid(what: string): PipelineError {
  return new PipelineError('InvalidRequest', `The input of the execution is refused: ${what}.`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
