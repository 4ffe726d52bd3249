import type { ResourceProvider } from '../provider.ts'
import { alarm, dashboard } from './cloudwatch.ts'
import { deliveryStream } from './delivery-stream.ts'
import { customPlugin, workerConfiguration } from './kafka-connect.ts'
import { lambdaFunction } from './lambda-function.ts'
import { mskCluster, scalableTarget, scalingPolicy } from './msk-cluster.ts'
import { recordedTypes } from './recorded.ts'
import { s3Bucket } from './s3-bucket.ts'
import { s3TablesNamespace, s3TablesTableBucket } from './s3-tables-bucket.ts'
import { s3TablesTable } from './s3-tables-table.ts'
import { snsSubscription, snsTopic, snsTopicPolicy } from './sns.ts'

/** What stands behind each resource type; a type that is not here cannot be deployed. */
export const providers: ReadonlyMap<string, ResourceProvider> = new Map(
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
    ...recordedTypes,
  ].map((provider) => [provider.type, provider]),
)
