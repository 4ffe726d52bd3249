import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { isObject, type JsonObject } from '../cloudformation/json.ts'
import type { HistoryEvent } from './history.ts'

/** What stays the same of an execution from its start on. */
export interface ExecutionStart {
  readonly executionArn: string
  readonly name: string
  readonly stateMachineArn: string
  readonly roleArn: string
  /** As it was deployed when the execution was started: a redrive runs that one. */
  readonly definition: JsonObject
  readonly input: string
  /** ISO 8601 */
  readonly startTime: string
}

export interface StoredExecution {
  readonly start: ExecutionStart
  readonly events: readonly HistoryEvent[]
}

/** Executions in a folder: a file each, of which the first line is its start and each other one an event. A killed run loses no more than the line it was at. */
export interface ExecutionFiles {
  /** In the order of their starts. */
  read(): StoredExecution[]
  create(start: ExecutionStart): void
  append(start: ExecutionStart, event: HistoryEvent): void
}

/** Step Functions keeps them for 90 days. */
const keptExecutions = 20

const json = z.custom<JsonObject>(isObject)
const startShape = z.object({
  executionArn: z.string(),
  name: z.string(),
  stateMachineArn: z.string(),
  roleArn: z.string(),
  definition: json,
  input: z.string(),
  startTime: z.string(),
}) satisfies z.ZodType<ExecutionStart>
const eventShape = z.custom<HistoryEvent>((value) => isObject(value) && typeof value.id === 'number' && typeof value.type === 'string')

export function executionFiles(directory: string): ExecutionFiles {
  const fileOf = ({ executionArn }: ExecutionStart) => join(directory, `${executionArn.split(':').slice(6).join(' ')}.jsonl`)
  return {
    read() {
      if (!existsSync(directory)) return []
      const files = readdirSync(directory)
        .filter((name) => name.endsWith('.jsonl'))
        .map((name) => join(directory, name))
        .sort((left, right) => statSync(left).mtimeMs - statSync(right).mtimeMs)
      for (const old of files.splice(0, Math.max(0, files.length - keptExecutions))) rmSync(old)
      return files.flatMap(readExecution).sort((left, right) => (left.start.startTime < right.start.startTime ? -1 : 1))
    },
    create(start) {
      mkdirSync(directory, { recursive: true })
      writeFileSync(fileOf(start), `${JSON.stringify(start)}\n`)
    },
    append: (start, event) => appendFileSync(fileOf(start), `${JSON.stringify(event)}\n`),
  }
}

/** The last line may be torn: the run was killed while it was written. */
function readExecution(file: string): StoredExecution[] {
  const [first, ...rest] = readFileSync(file, 'utf8').split('\n')
  const start = startShape.safeParse(parsed(first ?? ''))
  if (!start.success) return []
  const events = rest.map(parsed).flatMap((value) => {
    const event = eventShape.safeParse(value)
    return event.success ? [event.data] : []
  })
  return [{ start: start.data, events }]
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
