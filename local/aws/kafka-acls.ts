import type { Statement } from './authorization/document.ts'
import { matchesArn, matchesText } from './authorization/patterns.ts'

export type KafkaResource = 'cluster' | 'topic' | 'group' | 'transactional-id'

/** What Kafka's own authorizer is told: a role may do an operation on a name, or on all that begin with it. */
export interface AclBinding {
  /** `User:<name of the role>` */
  readonly principal: string
  readonly resource: KafkaResource
  readonly name: string
  readonly pattern: 'literal' | 'prefixed'
  readonly operation: string
}

interface KafkaAction {
  readonly resource: KafkaResource
  /** Kafka's operation that it is equivalent to; none for `Connect`, without which nothing else is allowed. */
  readonly operation?: string
  /** Without these, besides `Connect`, it has no effect. */
  readonly requires?: readonly string[]
}

/** https://docs.aws.amazon.com/msk/latest/developerguide/kafka-actions.html */
export const kafkaActions: Readonly<Record<string, KafkaAction>> = {
  Connect: { resource: 'cluster' },
  DescribeCluster: { resource: 'cluster', operation: 'DESCRIBE' },
  AlterCluster: { resource: 'cluster', operation: 'ALTER', requires: ['DescribeCluster'] },
  DescribeClusterDynamicConfiguration: { resource: 'cluster', operation: 'DESCRIBE_CONFIGS' },
  AlterClusterDynamicConfiguration: {
    resource: 'cluster',
    operation: 'ALTER_CONFIGS',
    requires: ['DescribeClusterDynamicConfiguration'],
  },
  WriteDataIdempotently: { resource: 'cluster', operation: 'IDEMPOTENT_WRITE', requires: ['WriteData'] },
  CreateTopic: { resource: 'topic', operation: 'CREATE' },
  DescribeTopic: { resource: 'topic', operation: 'DESCRIBE' },
  AlterTopic: { resource: 'topic', operation: 'ALTER', requires: ['DescribeTopic'] },
  DeleteTopic: { resource: 'topic', operation: 'DELETE', requires: ['DescribeTopic'] },
  DescribeTopicDynamicConfiguration: { resource: 'topic', operation: 'DESCRIBE_CONFIGS' },
  AlterTopicDynamicConfiguration: { resource: 'topic', operation: 'ALTER_CONFIGS', requires: ['DescribeTopicDynamicConfiguration'] },
  ReadData: { resource: 'topic', operation: 'READ', requires: ['DescribeTopic', 'AlterGroup'] },
  WriteData: { resource: 'topic', operation: 'WRITE', requires: ['DescribeTopic'] },
  DescribeGroup: { resource: 'group', operation: 'DESCRIBE' },
  AlterGroup: { resource: 'group', operation: 'READ', requires: ['DescribeGroup'] },
  DeleteGroup: { resource: 'group', operation: 'DELETE', requires: ['DescribeGroup'] },
  DescribeTransactionalId: { resource: 'transactional-id', operation: 'DESCRIBE' },
  AlterTransactionalId: {
    resource: 'transactional-id',
    operation: 'WRITE',
    requires: ['DescribeTransactionalId', 'WriteData'],
  },
}

export interface KafkaRole {
  readonly name: string
  readonly statements: readonly Statement[]
  readonly clusterArn: string
  /** Names in use: Kafka has no wildcards within a name, so a pattern that has them is replaced by those of these names that match. */
  readonly names: readonly string[]
}

interface Grant {
  readonly action: string
  /** Of names on the cluster; of the cluster itself, `kafka-cluster`. */
  readonly pattern: string
}

/** The only name of Kafka's resource `cluster`. */
const clusterName = 'kafka-cluster'

/**
 * The `kafka-cluster` statements of a role as ACLs of Kafka's own authorizer.
 * @throws Error that names what has no equivalent there
 */
export function kafkaAcls({ name, statements, clusterArn, names }: KafkaRole): AclBinding[] {
  const grants = statements.flatMap((statement) => grantsOf(statement, clusterArn, name))
  if (!grants.some(({ action }) => action === 'Connect')) return []
  const bindings = grants
    .filter((grant) => isComplete(grant, grants))
    .flatMap(({ action, pattern }) => {
      const { resource, operation } = kafkaActions[action] ?? {}
      if (resource === undefined || operation === undefined) return []
      return aclPatterns(pattern, names).map((acl): AclBinding => ({ principal: `User:${name}`, resource, ...acl, operation }))
    })
  return [...new Map(bindings.map((binding) => [JSON.stringify(binding), binding])).values()]
}

const prefix = 'kafka-cluster:'

function grantsOf({ sid, effect, actions, resources, conditions }: Statement, clusterArn: string, role: string): Grant[] {
  const covered = Object.keys(kafkaActions).filter(
    (action) =>
      actions.patterns.some((pattern) => matchesText(`${prefix}${action}`.toLowerCase(), pattern.toLowerCase())) === actions.matching,
  )
  if (covered.length === 0) return []
  const unknown = (what: string) =>
    new Error(`${role}: ${what}${sid === undefined ? '' : ` in the statement ${sid}`} cannot be made an ACL of Kafka`)
  if (effect === 'Deny') throw unknown('a denial of kafka-cluster actions')
  if (conditions[0]) throw unknown(`the condition on ${conditions[0].key}`)
  if (!actions.matching || !resources?.matching) throw unknown('NotAction or NotResource')
  return covered.flatMap((action) =>
    resources.patterns.flatMap((arn) => {
      const pattern = namePattern(arn, kafkaActions[action]?.resource ?? 'cluster', clusterArn)
      if (pattern === 'unknown') throw unknown(`the resource ${arn}`)
      return pattern === undefined ? [] : [{ action, pattern }]
    }),
  )
}

/** Undefined: a resource of another kind, or of another cluster. */
function namePattern(arn: string, kind: KafkaResource, clusterArn: string): string | undefined {
  if (kind === 'cluster') return matchesArn(clusterArn, arn) ? clusterName : undefined
  if (arn === '*') return '*'
  const base = `${clusterArn.replace(':cluster/', `:${kind}/`)}/`
  if (arn.startsWith(base)) return arn.slice(base.length)
  return /[*?]/.test(arn.split('/').slice(0, 3).join('/')) ? 'unknown' : undefined
}

/** Whether everything that the action requires is allowed too: on the same names, where it is about the same kind. */
function isComplete({ action, pattern }: Grant, grants: readonly Grant[]): boolean {
  const own = kafkaActions[action]
  return (own?.requires ?? []).every((required) =>
    grants.some(
      (grant) =>
        grant.action === required &&
        (kafkaActions[required]?.resource !== own?.resource || matchesText(pattern, grant.pattern)) &&
        isComplete(grant, grants),
    ),
  )
}

function aclPatterns(pattern: string, names: readonly string[]): Pick<AclBinding, 'name' | 'pattern'>[] {
  if (!/[*?]/.test(pattern)) return [{ name: pattern, pattern: 'literal' }]
  // Kafka's own wildcard.
  if (pattern === '*') return [{ name: '*', pattern: 'literal' }]
  const start = pattern.slice(0, -1)
  if (pattern.endsWith('*') && !/[*?]/.test(start)) return [{ name: start, pattern: 'prefixed' }]
  return names.filter((name) => matchesText(name, pattern)).map((name) => ({ name, pattern: 'literal' }))
}
