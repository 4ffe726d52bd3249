import { PolicyStatement } from 'aws-cdk-lib/aws-iam'

/** What a role may do, and why its resources hold a `*` where they do. */
export interface Permissions {
  readonly statements: readonly PolicyStatement[]
  readonly wildcards: readonly (readonly [resource: string, reason: string])[]
}

export const noPermissions: Permissions = { statements: [], wildcards: [] }

/** Actions on these resources. */
export function allow(actions: string[], resources: string[], wildcards: Permissions['wildcards'] = []): Permissions {
  return { statements: [new PolicyStatement({ actions, resources })], wildcards }
}

/** Actions that have no resources. */
export function anywhere(actions: string[], reason: string): Permissions {
  return allow(actions, ['*'], [['*', reason]])
}

/** What has a service deliver logs to CloudWatch in the caller's name. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html */
export const logDeliveryActions = [
  'logs:CreateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:DescribeLogGroups',
  'logs:DescribeResourcePolicies',
  'logs:GetLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
] as const

/** All of these together; where several have a `*` for the same resource, their reasons too. */
export function together(...parts: readonly Permissions[]): Permissions {
  const reasons = new Map<string, string[]>()
  for (const [resource, reason] of parts.flatMap(({ wildcards }) => wildcards)) {
    const given = reasons.get(resource) ?? []
    if (!given.includes(reason)) reasons.set(resource, [...given, reason])
  }
  return {
    statements: parts.flatMap(({ statements }) => statements),
    wildcards: [...reasons].map(([resource, given]) => [resource, given.join('; ')]),
  }
}
