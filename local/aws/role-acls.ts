import kafkajs, { type Admin } from 'kafkajs'
import type { LocalAccount } from '../cloudformation/account.ts'
import { policiesOf } from './authorization/policies.ts'
import { type AclBinding, type KafkaResource, kafkaAcls } from './kafka-acls.ts'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, logLevel, ResourcePatternTypes } = kafkajs

/** What the deployed roles may do on the account's cluster, as ACLs; none before the cluster is deployed. */
export function roleAcls(account: LocalAccount, names: readonly string[]): AclBinding[] {
  const [cluster] = account.find('AWS::MSK::Cluster')
  if (cluster?.arn === undefined) return []
  const clusterArn = cluster.arn
  const policies = policiesOf(account)
  return account
    .find('AWS::IAM::Role')
    .flatMap(({ arn, physicalId }) =>
      arn === undefined ? [] : kafkaAcls({ name: physicalId, statements: policies.identity(arn), clusterArn, names }),
    )
}

/**
 * Makes the broker's ACLs those of the deployed roles, no more and no less; to be called whenever roles were deployed. Returns what was changed.
 * `names` are those in use that a pattern with a wildcard inside may stand for: the topics and groups of the worker.
 */
export async function applyRoleAcls(
  bootstrap: string,
  account: LocalAccount,
  names: readonly string[],
): Promise<{ readonly created: readonly AclBinding[]; readonly deleted: readonly AclBinding[] }> {
  const wanted = roleAcls(account, names)
  const admin = new Kafka({ clientId: 'local-roles', brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const present = await presentAcls(admin)
    const created = without(wanted, present)
    const deleted = without(present, wanted)
    if (created.length > 0) await admin.createAcls({ acl: created.map(entryOf) })
    if (deleted.length > 0) await admin.deleteAcls({ filters: deleted.map(entryOf) })
    return { created, deleted }
  } finally {
    await admin.disconnect()
  }
}

const resources = {
  cluster: AclResourceTypes.CLUSTER,
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  'transactional-id': AclResourceTypes.TRANSACTIONAL_ID,
} as const

const operations: Readonly<Record<string, kafkajs.AclOperationTypes>> = {
  READ: AclOperationTypes.READ,
  WRITE: AclOperationTypes.WRITE,
  CREATE: AclOperationTypes.CREATE,
  DELETE: AclOperationTypes.DELETE,
  ALTER: AclOperationTypes.ALTER,
  DESCRIBE: AclOperationTypes.DESCRIBE,
  DESCRIBE_CONFIGS: AclOperationTypes.DESCRIBE_CONFIGS,
  ALTER_CONFIGS: AclOperationTypes.ALTER_CONFIGS,
  IDEMPOTENT_WRITE: AclOperationTypes.IDEMPOTENT_WRITE,
}

function entryOf({ principal, resource, name, pattern, operation }: AclBinding) {
  return {
    principal,
    host: '*',
    operation: operations[operation] ?? AclOperationTypes.UNKNOWN,
    permissionType: AclPermissionTypes.ALLOW,
    resourceType: resources[resource],
    resourceName: name,
    resourcePatternType: pattern === 'literal' ? ResourcePatternTypes.LITERAL : ResourcePatternTypes.PREFIXED,
  }
}

/** Only this puts ACLs there, so all of them are of the form that it writes. */
async function presentAcls(admin: Admin): Promise<AclBinding[]> {
  const { resources: found } = await admin.describeAcls({
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ANY,
  })
  return found.flatMap(({ resourceType, resourceName, resourcePatternType, acls }) =>
    acls.map(
      ({ principal, operation }): AclBinding => ({
        principal,
        resource: kindOf(resourceType),
        name: resourceName,
        pattern: resourcePatternType === ResourcePatternTypes.PREFIXED ? 'prefixed' : 'literal',
        operation: Object.entries(operations).find(([, type]) => type === operation)?.[0] ?? String(operation),
      }),
    ),
  )
}

function kindOf(type: kafkajs.AclResourceTypes): KafkaResource {
  if (type === AclResourceTypes.CLUSTER) return 'cluster'
  if (type === AclResourceTypes.GROUP) return 'group'
  return type === AclResourceTypes.TOPIC ? 'topic' : 'transactional-id'
}

function without(bindings: readonly AclBinding[], others: readonly AclBinding[]): AclBinding[] {
  const known = new Set(others.map(textOf))
  return bindings.filter((binding) => !known.has(textOf(binding)))
}

const textOf = ({ principal, resource, name, pattern, operation }: AclBinding) => [principal, resource, pattern, operation, name].join(' ')
