import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { LocalAccount } from '../../cloudformation/account.ts'
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

const decisionsByAccount = new WeakMap<LocalAccount, Decisions>()

/** The decisions on what was asked of an account's policies, whoever asked; in memory. */
export function decisionsOf(account: LocalAccount): Decisions {
  const decisions = decisionsByAccount.get(account) ?? openDecisions()
  decisionsByAccount.set(account, decisions)
  return decisions
}

/** Appends the decisions to a file, the first of equal ones as a line, those of earlier runs included. */
export function keepDecisions(decisions: Decisions, file: string): void {
  mkdirSync(dirname(file), { recursive: true })
  const kept = new Set(existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [])
  decisions.listen((decision) => {
    const text = JSON.stringify(decision)
    if (!kept.has(text)) appendFileSync(file, `${text}\n`)
    kept.add(text)
  })
}

function openDecisions(): Decisions {
  const known = new Map<string, Decision>()
  const listeners = new Set<(decision: Decision) => void>()
  return {
    list: () => [...known.values()],
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    record(decision) {
      const text = JSON.stringify(decision)
      if (!known.has(text)) known.set(text, decision)
      for (const listener of listeners) listener(decision)
    },
  }
}
