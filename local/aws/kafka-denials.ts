import { kafkaActions } from './kafka-acls.ts'

/** What Kafka's authorizer decided on a request of a role. */
export interface KafkaDecision {
  /** Name of the role. */
  readonly role: string
  readonly allowed: boolean
  /** Kafka's: `READ`, `DESCRIBE`, … */
  readonly operation: string
  /** Kafka's: `Topic`, `Group`, `Cluster`, `TransactionalId` */
  readonly resource: string
  readonly name: string
}

const decisionLine =
  /Principal = User:(\S+) is (Allowed|Denied) operation = (\w+) from host = \S+ on resource = (\w+):LITERAL:(\S+) for request/

/** The decisions in a broker's log since a time, each once and in order; on callers that logged in as a role only. */
export function kafkaDecisions(log: string, sinceMs = 0): KafkaDecision[] {
  const decisions = log.split('\n').flatMap((line): KafkaDecision[] => {
    // The broker's clock is in UTC: `[2026-11-22 18:16:58,331]`.
    if (sinceMs > 0 && !(Date.parse(`${line.slice(1, 20).replace(' ', 'T')}Z`) >= Math.floor(sinceMs / 1000) * 1000)) return []
    const [, role, verdict, operation, resource, name] = decisionLine.exec(line) ?? []
    if (role === undefined || role === 'ANONYMOUS' || operation === undefined || resource === undefined || name === undefined) return []
    return [{ role, allowed: verdict === 'Allowed', operation, resource, name }]
  })
  return [...new Map(decisions.map((decision) => [JSON.stringify(decision), decision])).values()]
}

/** What the broker refused to roles, in sentences that name the action which the role's policy would have to allow. */
export function kafkaDenials(log: string, sinceMs = 0): string[] {
  return kafkaDecisions(log, sinceMs)
    .filter(({ allowed }) => !allowed)
    .map(({ role, operation, resource, name }) => {
      const on = resource === 'Cluster' ? 'the cluster' : `the ${resource.toLowerCase()} ${name}`
      return `The role ${role} is not authorized to perform ${iamAction(resource, operation)} on ${on}, or lacks an action that this requires`
    })
}

function iamAction(resource: string, operation: string): string {
  const kind = resource === 'TransactionalId' ? 'transactional-id' : resource.toLowerCase()
  const action = Object.entries(kafkaActions).find(([, known]) => known.resource === kind && known.operation === operation)?.[0]
  return action === undefined ? `Kafka's ${operation}` : `kafka-cluster:${action}`
}
