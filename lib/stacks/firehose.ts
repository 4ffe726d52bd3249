import { CfnOutput, RemovalPolicy } from 'aws-cdk-lib'
import { CfnDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose'
import { LogGroup, LogStream } from 'aws-cdk-lib/aws-logs'
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3'
import { StringParameter } from 'aws-cdk-lib/aws-ssm'
import type { Construct } from 'constructs'
import { uniqueKeys } from '../../pipeline/iceberg-schema.ts'
import { changeEventTopic } from '../../pipeline/names.ts'
import { type DeliveryStreamIdentity, deliveryStreamName } from '../../pipeline/resource-names.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { functionArn, glueCatalogArn, roleArn } from '../arns.ts'
import { DeploymentStack, type StackSettings } from '../deployment-stack.ts'

/** How long Firehose tries again to commit to a table before records go to the error bucket (seconds): the documented maximum. */
const commitRetrySeconds = 7200

/** The delivery stream with its error bucket and its log. */
export class CdcFirehose extends DeploymentStack {
  constructor(scope: Construct, { deployment, tables }: StackSettings) {
    super(scope, 'CdcFirehose', deployment, 'Delivers change events to the Iceberg tables')
    const { names } = this
    const bucket = this.errorBucket()
    const log = new LogGroup(this, 'LogGroup', {
      logGroupName: names.firehoseLogGroup,
      retention: deployment.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const logging = (id: string, logStreamName: string) => {
      const stream = new LogStream(this, id, { logGroup: log, logStreamName, removalPolicy: RemovalPolicy.DESTROY })
      return { enabled: true, logGroupName: log.logGroupName, logStreamName: stream.logStreamName }
    }
    const role = roleArn(this, names.firehoseRole)
    const identity: DeliveryStreamIdentity = {
      cluster: names.cluster,
      topic: changeEventTopic,
      role: names.firehoseRole,
      connectivity: 'PRIVATE',
      // The earliest: without it Firehose would begin with what is produced after the stream became active.
      readFromTimestamp: '1970-01-01T00:00:00Z',
      tableBucket: deployment.tableBucket.name,
    }
    const stream = new CfnDeliveryStream(this, 'DeliveryStream', {
      deliveryStreamName: deliveryStreamName(deployment, identity),
      deliveryStreamType: 'MSKAsSource',
      mskSourceConfiguration: {
        mskClusterArn: StringParameter.valueForStringParameter(this, names.clusterArnParameter),
        topicName: identity.topic,
        authenticationConfiguration: { connectivity: identity.connectivity, roleArn: role },
        readFromTimestamp: identity.readFromTimestamp,
      },
      icebergDestinationConfiguration: {
        roleArn: role,
        catalogConfiguration: { catalogArn: glueCatalogArn(this, identity.tableBucket) },
        destinationTableConfigurationList: tables.filter((table) => table.primaryKey.length > 0).map((table) => this.destination(table)),
        bufferingHints: { sizeInMBs: deployment.buffering.sizeMiB, intervalInSeconds: deployment.buffering.intervalSeconds },
        processingConfiguration: { enabled: true, processors: [this.transform(role)] },
        retryOptions: { durationInSeconds: commitRetrySeconds },
        s3BackupMode: 'FailedDataOnly',
        s3Configuration: {
          bucketArn: bucket.bucketArn,
          roleArn: role,
          errorOutputPrefix: 'failed/!{firehose:error-output-type}/',
          bufferingHints: { sizeInMBs: 5, intervalInSeconds: 60 },
          compressionFormat: 'UNCOMPRESSED',
          cloudWatchLoggingOptions: logging('ErrorLog', names.errorLogStream),
        },
        cloudWatchLoggingOptions: logging('DeliveryLog', names.firehoseLogStream),
      },
    })
    new CfnOutput(this, 'DeliveryStreamName', { value: stream.ref, description: 'The delivery stream' })
    new CfnOutput(this, 'ErrorBucketName', { value: bucket.bucketName, description: 'Where change events go that could not be applied' })
  }

  /** Records that could not be delivered. They are the only copy, so the bucket outlives the stack. */
  private errorBucket(): Bucket {
    return new Bucket(this, 'ErrorBucket', {
      bucketName: this.names.errorBucket,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy: this.deployment.onDestroy === 'delete' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    })
  }

  private destination(table: CapturedTable): CfnDeliveryStream.DestinationTableConfigurationProperty {
    return {
      destinationDatabaseName: this.deployment.namespace.name,
      destinationTableName: table.iceberg,
      uniqueKeys: uniqueKeys(table),
      s3ErrorOutputPrefix: `failed/!{firehose:error-output-type}/${table.iceberg}/`,
    }
  }

  private transform(role: string): CfnDeliveryStream.ProcessorProperty {
    const { bufferMiB, bufferIntervalSeconds, retries } = this.deployment.transform
    const parameters = {
      LambdaArn: functionArn(this, this.names.transformFunction),
      RoleArn: role,
      BufferSizeInMBs: String(bufferMiB),
      BufferIntervalInSeconds: String(bufferIntervalSeconds),
      NumberOfRetries: String(retries),
    }
    return {
      type: 'Lambda',
      parameters: Object.entries(parameters).map(([parameterName, parameterValue]) => ({ parameterName, parameterValue })),
    }
  }
}
