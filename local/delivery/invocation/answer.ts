/** What the function made of one record. `data` is the decoded value, for `Ok` the row. */
export interface AnsweredRecord {
  readonly result: 'Ok' | 'Dropped' | 'ProcessingFailed'
  readonly data: Buffer
  readonly otfMetadata: Readonly<Record<string, unknown>> | undefined
}

/** The whole answer is refused, under one of Firehose's error codes. */
export interface AnswerFault {
  readonly errorCode: string
  readonly errorMessage: string
}

export type Answer = { readonly records: readonly AnsweredRecord[] } | { readonly fault: AnswerFault }

const results = ['Ok', 'Dropped', 'ProcessingFailed'] as const

/**
 * Checks a function's answer against the records that it was given, and puts it into their order: each record once, a known result,
 * a value in base64 for every record. https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html
 */
export function checkAnswer(payload: string, recordIds: readonly string[]): Answer {
  let answer: unknown
  try {
    answer = JSON.parse(payload)
  } catch {
    return fault(
      'Lambda.JsonProcessingException',
      'There was an error parsing returned records from the Lambda function: the answer is not JSON.',
    )
  }
  const records = isRecord(answer) ? answer.records : undefined
  if (!Array.isArray(records))
    return fault(
      'Lambda.JsonProcessingException',
      'There was an error parsing returned records from the Lambda function: there is no list "records".',
    )
  const byId = new Map<unknown, AnsweredRecord>()
  for (const [index, record] of records.entries()) {
    if (!isRecord(record)) return fault('Lambda.JsonProcessingException', `records[${index}] is not an object.`)
    const checked = checkRecord(record, index)
    if ('fault' in checked) return checked
    if (byId.has(record.recordId)) return fault('Lambda.DuplicatedRecordId', 'Multiple records were returned with the same record ID.')
    byId.set(record.recordId, checked.record)
  }
  const ordered = recordIds.flatMap((id) => byId.get(id) ?? [])
  if (ordered.length < recordIds.length) return fault('Lambda.MissingRecordId', 'One or more record IDs were not returned.')
  if (byId.size > recordIds.length) return fault('Lambda.FunctionError', 'A record ID was returned that the function was not given.')
  return { records: ordered }
}

function checkRecord(record: Record<string, unknown>, index: number): { record: AnsweredRecord } | { fault: AnswerFault } {
  const { result, kafkaRecordValue, metadata } = record
  const known = results.find((one) => one === result)
  if (!known) {
    return fault('Lambda.FunctionError', `records[${index}] has no valid result status: it is Dropped, Ok or ProcessingFailed.`)
  }
  const data = typeof kafkaRecordValue === 'string' ? decodeBase64(kafkaRecordValue) : undefined
  if (!data)
    return fault(
      'Lambda.JsonMappingException',
      `There was an error parsing returned records: kafkaRecordValue of records[${index}] is missing or not base64.`,
    )
  if (metadata !== undefined && metadata !== null && !isRecord(metadata))
    return fault('Lambda.JsonMappingException', `metadata of records[${index}] is not an object.`)
  const otfMetadata = isRecord(metadata) ? metadata.otfMetadata : undefined
  if (otfMetadata !== undefined && otfMetadata !== null && !isRecord(otfMetadata))
    return fault('Lambda.JsonMappingException', `metadata.otfMetadata of records[${index}] is not an object.`)
  return { record: { result: known, data, otfMetadata: isRecord(otfMetadata) ? otfMetadata : undefined } }
}

/** The bytes of standard, padded base64; undefined for anything else. Node's decoder skips what it does not know, so the length tells. */
export function decodeBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0 || text.includes('-') || text.includes('_')) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === (text.length / 4) * 3 - padding ? bytes : undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fault(errorCode: string, errorMessage: string): { fault: AnswerFault } {
  return { fault: { errorCode, errorMessage } }
}
