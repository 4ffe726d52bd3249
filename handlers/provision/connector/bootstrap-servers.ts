import { GetBootstrapBrokersCommand, type KafkaClient } from '@aws-sdk/client-kafka'
import { PipelineError } from '../../../pipeline/errors.ts'

/**
 * Where the workers reach the brokers from within the VPC, always with TLS: the cluster offers nothing else.
 * @throws PipelineError `BrokersUnknown`
 */
export async function bootstrapServers(kafka: KafkaClient, clusterArn: string, authentication: 'iam' | 'unauthenticated'): Promise<string> {
  const brokers = await kafka.send(new GetBootstrapBrokersCommand({ ClusterArn: clusterArn }))
  const servers = authentication === 'iam' ? brokers.BootstrapBrokerStringSaslIam : brokers.BootstrapBrokerStringTls
  if (servers !== undefined && servers !== '') return servers
  const which = authentication === 'iam' ? 'IAM authentication' : 'TLS without authentication'
  throw new PipelineError('BrokersUnknown', `MSK names no bootstrap brokers for ${which} of ${clusterArn}.`)
}
