import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { RequestContext } from '../endpoint.ts'

/** One question that a call asked of the policies, and its answer. */
export interface Decision {
  /** ARN of the role; the administrator is never asked. */
  readonly principal: string
  readonly action: string
  readonly resource: string
  readonly context: RequestContext
  readonly allowed: boolean
}

export interface Decisions {
  /** Each once, in the order in which they were first made. */
  list(): readonly Decision[]
  /** Told of each decision as often as it is made, until the returned function is called. */
  listen(listener: (decision: Decision) => void): () => void
  record(decision: Decision): void
}

/** Keeps the decisions in memory, and the first of equal ones as a line of the file. */
export function openDecisions(file?: string): Decisions {
  const known = new Map<string, Decision>()
  const listeners = new Set<(decision: Decision) => void>()
  if (file !== undefined) mkdirSync(dirname(file), { recursive: true })
  return {
    list: () => [...known.values()],
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    record(decision) {
      const text = JSON.stringify(decision)
      if (!known.has(text)) {
        known.set(text, decision)
        if (file !== undefined) appendFileSync(file, `${text}\n`)
      }
      for (const listener of listeners) listener(decision)
    },
  }
}
