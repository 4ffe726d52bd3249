import { ArnFormat, Fn, type Stack } from 'aws-cdk-lib'

/** ARNs of what another stack owns, from names fixed at synthesis. */

export function tableBucketArn(stack: Stack, bucket: string): string {
  return stack.formatArn({ service: 's3tables', resource: 'bucket', resourceName: bucket })
}

/** The S3 Tables bucket as Glue sees it: the `CatalogARN` of a delivery stream. */
export function glueCatalogArn(stack: Stack, bucket: string): string {
  return stack.formatArn({ service: 'glue', resource: 'catalog', resourceName: `s3tablescatalog/${bucket}` })
}

/** The catalog of an account, and in it that of all table buckets. */
export function glueRootArns(stack: Stack): string[] {
  const root = { service: 'glue', resource: 'catalog' } as const
  return [stack.formatArn(root), stack.formatArn({ ...root, resourceName: 's3tablescatalog' })]
}

/** Everything that Glue checks for a namespace of a table bucket: catalogs from the root down, database, tables. */
export function glueArns(stack: Stack, bucket: string, namespace: string): string[] {
  const path = `s3tablescatalog/${bucket}/${namespace}`
  return [
    ...glueRootArns(stack),
    glueCatalogArn(stack, bucket),
    stack.formatArn({ service: 'glue', resource: 'database', resourceName: path }),
    glueTablesArn(stack, bucket, namespace),
  ]
}

/** All tables of a namespace of a table bucket, as Glue sees them. */
export function glueTablesArn(stack: Stack, bucket: string, namespace: string): string {
  return stack.formatArn({ service: 'glue', resource: 'table', resourceName: `s3tablescatalog/${bucket}/${namespace}/*` })
}

export function functionArn(stack: Stack, name: string): string {
  return stack.formatArn({ service: 'lambda', resource: 'function', resourceName: name, arnFormat: ArnFormat.COLON_RESOURCE_NAME })
}

export function deliveryStreamArn(stack: Stack, name: string): string {
  return stack.formatArn({ service: 'firehose', resource: 'deliverystream', resourceName: name })
}

/** All log streams of a log group, as CloudWatch Logs checks it for nearly every action. */
export function logGroupArn(stack: Stack, group: string): string {
  return stack.formatArn({ service: 'logs', resource: 'log-group', resourceName: `${group}:*`, arnFormat: ArnFormat.COLON_RESOURCE_NAME })
}

export function athenaWorkgroupArn(stack: Stack, name: string): string {
  return stack.formatArn({ service: 'athena', resource: 'workgroup', resourceName: name })
}

export function kafkaConnectArn(
  stack: Stack,
  kind: 'custom-plugin' | 'worker-configuration' | 'connector-operation',
  name: string,
): string {
  return stack.formatArn({ service: 'kafkaconnect', resource: kind, resourceName: name })
}

export function connectorArn(stack: Stack, name: string): string {
  return stack.formatArn({ service: 'kafkaconnect', resource: 'connector', resourceName: `${name}/*` })
}

export function stateMachineArn(stack: Stack, name: string): string {
  return stack.formatArn({ service: 'states', resource: 'stateMachine', resourceName: name, arnFormat: ArnFormat.COLON_RESOURCE_NAME })
}

/** Executions of a state machine whose names begin like this. */
export function executionArns(stack: Stack, stateMachine: string, prefix = ''): string {
  return stack.formatArn({
    service: 'states',
    resource: 'execution',
    resourceName: `${stateMachine}:${prefix}*`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })
}

export function ec2Arn(stack: Stack, kind: 'vpc' | 'subnet' | 'security-group' | 'network-interface', id: string): string {
  return stack.formatArn({ service: 'ec2', resource: kind, resourceName: id })
}

export function roleArn(stack: Stack, name: string): string {
  return stack.formatArn({ service: 'iam', region: '', resource: 'role', resourceName: name })
}

export function bucketArn(stack: Stack, name: string): string {
  return stack.formatArn({ service: 's3', region: '', account: '', resource: name })
}

export function logStreamArn(stack: Stack, group: string, stream: string): string {
  return stack.formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: `${group}:log-stream:${stream}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })
}

/**
 * The ARN of a cluster's topics or groups: `…:topic/<cluster>/<uuid>/<name>` from `…:cluster/<cluster>/<uuid>`.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_apachekafkaapisforamazonmskclusters.html
 */
export function kafkaResourceArn(stack: Stack, clusterArn: string, kind: 'topic' | 'group', name: string): string {
  const part = (index: number) => Fn.select(index, Fn.split('/', clusterArn))
  return stack.formatArn({ service: 'kafka', resource: kind, resourceName: `${part(1)}/${part(2)}/${name}` })
}
