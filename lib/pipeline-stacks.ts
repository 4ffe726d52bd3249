import type { App } from 'aws-cdk-lib'
import type { StackSettings } from './deployment-stack.ts'
import { CdcFirehose } from './stacks/firehose.ts'
import { CdcFirehoseRole } from './stacks/firehose-role.ts'
import { CdcLambdaTransform } from './stacks/lambda-transform.ts'
import { CdcMonitoring } from './stacks/monitoring.ts'
import { CdcMskCluster } from './stacks/msk-cluster.ts'
import { CdcMskConnectIam } from './stacks/msk-connect-iam.ts'
import { CdcProvisioning } from './stacks/provisioning.ts'
import { CdcS3Tables } from './stacks/s3-tables.ts'

/** All stacks of a deployment, each after those whose names it relies on. */
export function addPipelineStacks(app: App, settings: StackSettings) {
  const cluster = new CdcMskCluster(app, settings)
  const connect = new CdcMskConnectIam(app, settings)
  const tables = new CdcS3Tables(app, settings)
  const transform = new CdcLambdaTransform(app, settings)
  const firehoseRole = new CdcFirehoseRole(app, settings)
  const provisioning = new CdcProvisioning(app, settings)
  const firehose = new CdcFirehose(app, settings)
  // Their policies name the ARN that the cluster leaves in a parameter.
  for (const stack of [connect, firehoseRole]) stack.addStackDependency(cluster)
  // Its functions are given ARNs of the cluster, the plugin and the worker configuration; its execution uses all of them, and both roles.
  for (const stack of [cluster, connect, tables, firehoseRole]) provisioning.addStackDependency(stack)
  // At creation Firehose checks the cluster, the role, the tables with their keys, and the function; what else it checks an execution makes.
  for (const stack of [cluster, tables, transform, firehoseRole, provisioning]) firehose.addStackDependency(stack)
  const monitoring = new CdcMonitoring(app, settings)
  // Its alarms would be red before there is anything to watch.
  monitoring.addStackDependency(firehose)
  return { cluster, connect, tables, transform, firehoseRole, provisioning, firehose, monitoring }
}
