import type { ResourceProvider } from '../provider.ts'
import { athenaWorkgroup } from './athena.ts'
import { alarm, dashboard } from './cloudwatch.ts'
import { customResource } from './custom-resource.ts'
import { deliveryStream } from './delivery-stream.ts'
import { eventsRule } from './events.ts'
import { customPlugin, workerConfiguration } from './kafka-connect.ts'
import { lambdaFunction } from './lambda-function.ts'
import { lambdaPermission } from './lambda-permission.ts'
import { mskCluster, scalableTarget, scalingPolicy } from './msk-cluster.ts'
import { recordedTypes } from './recorded.ts'
import { s3Bucket } from './s3-bucket.ts'
import { s3TablesNamespace, s3TablesTableBucket } from './s3-tables-bucket.ts'
import { s3TablesTable } from './s3-tables-table.ts'
import { snsSubscription, snsTopic, snsTopicPolicy } from './sns.ts'
import { stateMachine } from './step-functions.ts'
import { waitCondition, waitConditionHandle } from './wait-condition.ts'

/** What stands behind each resource type. */
const providers: ReadonlyMap<string, ResourceProvider> = new Map(
  [
    s3TablesTableBucket,
    s3TablesNamespace,
    s3TablesTable,
    lambdaFunction,
    deliveryStream,
    s3Bucket,
    mskCluster,
    scalableTarget,
    scalingPolicy,
    customPlugin,
    workerConfiguration,
    alarm,
    dashboard,
    snsTopic,
    snsTopicPolicy,
    snsSubscription,
    stateMachine,
    eventsRule,
    lambdaPermission,
    athenaWorkgroup,
    waitConditionHandle,
    waitCondition,
    customResource,
    ...recordedTypes,
  ].map((provider) => [provider.type, provider]),
)

/** The provider of a resource type; a type without one cannot be deployed. A custom resource may have any name of its own. */
export function providerOf(type: string): ResourceProvider | undefined {
  return type.startsWith('Custom::') ? customResource : providers.get(type)
}
