import { AthenaClient } from '@aws-sdk/client-athena'
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { FirehoseClient } from '@aws-sdk/client-firehose'
import { KafkaClient } from '@aws-sdk/client-kafka'
import { KafkaConnectClient } from '@aws-sdk/client-kafkaconnect'
import { RDSDataClient } from '@aws-sdk/client-rds-data'
import { SFNClient } from '@aws-sdk/client-sfn'
import { clientSettings, dataApiSettings } from '../../handlers/aws-clients.ts'
import type { AwsCredentials } from '../aws/principals.ts'

/** Whom to ask: AWS, or an endpoint in its place. */
export interface AwsAddress {
  readonly region: string
  readonly endpoint?: string
  readonly credentials?: AwsCredentials
}

/** A client of every service that a hop is asked of. */
export function statusClients(address: AwsAddress) {
  const settings = { ...clientSettings, ...address }
  return {
    athena: new AthenaClient(settings),
    cloudWatch: new CloudWatchClient(settings),
    logs: new CloudWatchLogsClient(settings),
    firehose: new FirehoseClient(settings),
    kafka: new KafkaClient(settings),
    kafkaConnect: new KafkaConnectClient(settings),
    rdsData: new RDSDataClient({ ...dataApiSettings, ...address }),
    stepFunctions: new SFNClient(settings),
  }
}

export type StatusClients = ReturnType<typeof statusClients>
