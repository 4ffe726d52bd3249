import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { z } from 'zod'
import { PipelineError } from '../../pipeline/errors.ts'
import { errorCode } from '../engines/error-code.ts'

/** A line of an error object, whichever of Firehose's two formats it has. */
export interface ErrorLine {
  /** `processing-failed`: as it came from the topic. `iceberg-failed`: as the transform made it. */
  readonly type: 'processing-failed' | 'iceberg-failed'
  /** The object's path in the folder, with `/`. */
  readonly object: string
  /** The Iceberg table whose prefix the object has; undefined: the prefix names none. */
  readonly iceberg: string | undefined
  readonly arrivalMs: number
  readonly errorCode: string
  readonly errorMessage: string
  /** Base64. */
  readonly rawData: string
}

export interface ErrorObjects {
  readonly lines: readonly ErrorLine[]
  /** Files and lines that are none of Firehose's, each as a sentence. */
  readonly notUnderstood: readonly string[]
}

/**
 * https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html documents these; objects of `iceberg-failed` have more fields,
 * which are not needed. Firehose has written times as numbers and as texts of numbers.
 */
const lineShape = z.object({
  arrivalTimestamp: z.coerce.number(),
  errorCode: z.string(),
  errorMessage: z.string().nullish(),
  rawData: z.string(),
})

/**
 * Reads the error objects of a folder: the local run's error bucket, or what `aws s3 sync` brought of one.
 * @throws PipelineError `InvalidUsage` where there is no such folder
 */
export function readErrorObjects(folder: string): ErrorObjects {
  const lines: ErrorLine[] = []
  const notUnderstood: string[] = []
  for (const file of files(folder)) {
    const object = relative(folder, file).split(sep).join('/')
    const place = placeOf(object)
    if (!place) {
      notUnderstood.push(`${object}: its prefix is neither processing-failed nor iceberg-failed`)
      continue
    }
    let bad = 0
    for (const text of readFileSync(file, 'utf8').split('\n')) {
      if (text === '') continue
      const line = parsed(text)
      if (line) lines.push({ ...place, object, ...line })
      else bad += 1
    }
    if (bad > 0) notUnderstood.push(`${object}: ${bad === 1 ? '1 line is' : `${bad} lines are`} not of the documented form`)
  }
  return { lines, notUnderstood }
}

/** Of the local run's bucket, whose folder is made with its first object. */
export function readBucket(folder: string): ErrorObjects {
  return existsSync(folder) ? readErrorObjects(folder) : { lines: [], notUnderstood: [] }
}

function files(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR') throw error
    throw new PipelineError('InvalidUsage', `There is no folder ${folder}: say where the error objects are. See --help`, { cause: error })
  }
}

/** `…/processing-failed/…` and `…/iceberg-failed/<table>/…`; where a prefix names no table, the year or the object's name follows. */
function placeOf(object: string): Pick<ErrorLine, 'type' | 'iceberg'> | undefined {
  const folders = object.split('/')
  const at = folders.findIndex((name) => name === 'processing-failed' || name === 'iceberg-failed')
  const type = folders[at]
  if (type === 'processing-failed') return { type, iceberg: undefined }
  if (type !== 'iceberg-failed') return undefined
  const next = folders[at + 1]
  return { type, iceberg: at + 2 < folders.length && next !== undefined && !/^\d{4}$/.test(next) ? next : undefined }
}

function parsed(text: string): Omit<ErrorLine, 'type' | 'object' | 'iceberg'> | undefined {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  const line = lineShape.safeParse(json)
  if (!line.success) return undefined
  const { arrivalTimestamp, errorCode: code, errorMessage, rawData } = line.data
  return { arrivalMs: arrivalTimestamp, errorCode: code, errorMessage: errorMessage ?? '', rawData }
}
