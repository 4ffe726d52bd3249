import { createHash } from 'node:crypto'
import { CfnOutput, type CfnResource, CfnWaitCondition, CfnWaitConditionHandle, CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib'
import { CfnDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose'
import { Key } from 'aws-cdk-lib/aws-kms'
import { LogGroup, LogStream } from 'aws-cdk-lib/aws-logs'
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3'
import { StringParameter } from 'aws-cdk-lib/aws-ssm'
import type { Construct } from 'constructs'
import { uniqueKeys } from '../../pipeline/iceberg-schema.ts'
import { type DeliveryStreamIdentity, deliveryStreamIdentity, deliveryStreamName } from '../../pipeline/resource-names.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { errorBucketMetrics } from '../../pipeline/watched.ts'
import { acknowledge } from '../acknowledge.ts'
import { functionArn, glueCatalogArn, roleArn, stateMachineArn } from '../arns.ts'
import { DeploymentStack, type StackSettings } from '../deployment-stack.ts'

/** How long Firehose tries again to commit to a table before records go to the error bucket (seconds): the documented maximum. */
const commitRetrySeconds = 7200

/**
 * How long the deployment waits until a delivery stream can be created: multi-VPC connectivity takes up to 75 minutes, after another update of the cluster that may run.
 * An execution that fails is told at once.
 */
const gateTimeoutSeconds = 4 * 60 * 60

/** The delivery stream with its error bucket and its log, and in front of it the gate: Firehose checks at creation what the state machine has to make first. */
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
    const identity = deliveryStreamIdentity(deployment)
    const destinations = tables.filter((table) => table.primaryKey.length > 0).map((table) => this.destination(table))
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
        destinationTableConfigurationList: destinations,
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
          ...(deployment.kmsKey !== undefined && { encryptionConfiguration: { kmsEncryptionConfig: { awskmsKeyArn: deployment.kmsKey } } }),
          cloudWatchLoggingOptions: logging('ErrorLog', names.errorLogStream),
        },
        cloudWatchLoggingOptions: logging('DeliveryLog', names.firehoseLogStream),
      },
    })
    stream.addResourceDependency(this.gate(identity, destinations))
    acknowledge(stream, {
      'AwsSolutions-KDF1':
        'Server-side encryption is a setting of streams that are put to directly; this one reads MSK, which encrypts its storage',
    })
    new CfnOutput(this, 'DeliveryStreamName', { value: stream.ref, description: 'The delivery stream' })
    new CfnOutput(this, 'ErrorBucketName', { value: bucket.bucketName, description: 'Where change events go that could not be applied' })
  }

  /**
   * An execution of the state machine and the wait condition that it signals. The custom resource that starts it is answered at once, because CloudFormation gives one an hour at most.
   * A wait condition waits at its creation only: the ids carry what a delivery stream is checked for, so that a change of it waits anew.
   */
  private gate(
    identity: DeliveryStreamIdentity,
    destinations: readonly CfnDeliveryStream.DestinationTableConfigurationProperty[],
  ): CfnResource {
    const { names } = this
    const hash = createHash('sha256')
      .update(JSON.stringify([identity, destinations]))
      .digest('hex')
      .slice(0, 8)
    const handle = new CfnWaitConditionHandle(this, `DeliveryReadyHandle${hash}`)
    const execution = new CustomResource(this, `DeliveryReadyExecution${hash}`, {
      resourceType: 'Custom::ProvisioningExecution',
      serviceToken: functionArn(this, names.stepFunction('gate')),
      serviceTimeout: Duration.minutes(5),
      properties: { StateMachineArn: stateMachineArn(this, names.stateMachine), Handle: handle.ref },
    })
    const condition = new CfnWaitCondition(this, `DeliveryReady${hash}`, {
      handle: handle.ref,
      timeout: String(gateTimeoutSeconds),
      count: 1,
    })
    condition.node.addDependency(execution)
    return condition
  }

  /** Records that could not be delivered. They are the only copy, so the bucket outlives the stack. */
  private errorBucket(): Pick<IBucket, 'bucketArn' | 'bucketName'> {
    const { errorBucket, kmsKey, onDestroy } = this.deployment
    if (!errorBucket.create) return Bucket.fromBucketName(this, 'ErrorBucket', this.names.errorBucket)
    const encryption =
      kmsKey === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey: Key.fromKeyArn(this, 'Key', kmsKey), bucketKeyEnabled: true }
    const bucket = new Bucket(this, 'ErrorBucket', {
      bucketName: this.names.errorBucket,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      ...encryption,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      // Requests by the minute are how the alarm sees that something was written: sizes are measured once a day.
      metrics: [{ id: errorBucketMetrics }],
      // Except where its creation is rolled back: an empty bucket would be in the way of the next deployment.
      removalPolicy: onDestroy === 'delete' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    })
    acknowledge(bucket, {
      'AwsSolutions-S1':
        'Only Firehose writes here, and the few reads are by people: CloudTrail data events are the way to watch them where that is wanted',
    })
    return bucket
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
