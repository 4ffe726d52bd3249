import { z } from 'zod'
import type { DeployedResource } from '../cloudformation/account.ts'
import { deliveryStreamShape } from '../cloudformation/resources/delivery-stream-properties.ts'
import { AwsError, type AwsService, json, notImplemented } from './endpoint.ts'
import { streamStatus } from './firehose/stream-state.ts'
import type { AwsPlace } from './place.ts'
import { parseBody } from './request-body.ts'

const describeShape = z.object({ DeliveryStreamName: z.string().min(1).max(64) })

/** Amazon Data Firehose's DescribeDeliveryStream (JSON 1.1) for the deployed delivery streams. */
export function firehoseService(place: AwsPlace): AwsService {
  return async ({ operation, body, authorize }) => {
    if (operation !== 'DescribeDeliveryStream') throw notImplemented('firehose', operation ?? 'a request without an operation')
    const { DeliveryStreamName: name } = parseBody(describeShape, body, 'InvalidArgumentException')
    authorize('firehose:DescribeDeliveryStream', place.account.arn('firehose', `deliverystream/${name}`))
    const stream = place.account.find('AWS::KinesisFirehose::DeliveryStream').find(({ physicalId }) => physicalId === name)
    if (!stream) throw new AwsError('ResourceNotFoundException', `Firehose ${name} under account ${place.account.id} not found.`, 400)
    return json({ DeliveryStreamDescription: await description(place, stream) })
  }
}

/** Times are seconds since 1970. */
async function description(place: AwsPlace, stream: DeployedResource): Promise<unknown> {
  const { status, createdAt, activeFrom } = await streamStatus(place, stream)
  const { MSKSourceConfiguration: source, IcebergDestinationConfiguration: destination } = deliveryStreamShape.parse(stream.properties)
  const { CatalogConfiguration, S3Configuration, DestinationTableConfigurationList, BufferingHints, RoleARN } = destination
  return {
    DeliveryStreamName: stream.physicalId,
    DeliveryStreamARN: stream.arn,
    DeliveryStreamStatus: status,
    DeliveryStreamType: 'MSKAsSource',
    VersionId: '1',
    CreateTimestamp: createdAt / 1000,
    Source: {
      MSKSourceDescription: {
        MSKClusterARN: source.MSKClusterARN,
        TopicName: source.TopicName,
        AuthenticationConfiguration: source.AuthenticationConfiguration,
        ...(status === 'ACTIVE' && { DeliveryStartTimestamp: activeFrom / 1000 }),
        ...(source.ReadFromTimestamp !== undefined && { ReadFromTimestamp: Date.parse(source.ReadFromTimestamp) / 1000 }),
      },
    },
    Destinations: [
      {
        DestinationId: 'destinationId-000000000001',
        IcebergDestinationDescription: {
          RoleARN,
          CatalogConfiguration: { CatalogARN: CatalogConfiguration.CatalogArn },
          DestinationTableConfigurationList,
          BufferingHints,
          S3DestinationDescription: { RoleARN: S3Configuration.RoleARN, BucketARN: S3Configuration.BucketARN },
        },
      },
    ],
    HasMoreDestinations: false,
  }
}
