import { AwsError } from '../endpoint.ts'
import type { AwsPlace } from '../place.ts'
import type { ConnectorRequest } from './connector-request.ts'
import { connectState } from './connector-state.ts'
import { badRequest } from './listing.ts'

/**
 * What a connector refers to must be there.
 * @throws AwsError `BadRequestException`, `NotFoundException`
 */
export function checkRequest(place: AwsPlace, request: ConnectorRequest, connectorArn: string): void {
  for (const { customPlugin } of request.plugins) requireDeployed(place, 'AWS::KafkaConnect::CustomPlugin', customPlugin.customPluginArn)
  const worker = request.workerConfiguration?.workerConfigurationArn
  if (worker !== undefined) requireDeployed(place, 'AWS::KafkaConnect::WorkerConfiguration', worker)
  requireRole(place, request.serviceExecutionRoleArn, connectorArn)
  requireNetwork(place, request)
  requireProviders(place, request)
  const logs = request.logDelivery?.workerLogDelivery.cloudWatchLogs
  if (logs?.enabled && !place.account.find('AWS::Logs::LogGroup').some(({ physicalId }) => physicalId === logs.logGroup)) {
    throw badRequest(`The log group ${logs.logGroup ?? '(none)'} does not exist.`)
  }
  const { authenticationType } = request.kafkaClusterClientAuthentication
  if (authenticationType === 'IAM' && request.kafkaClusterEncryptionInTransit.encryptionType !== 'TLS') {
    throw badRequest('IAM authentication needs encryption in transit by TLS.')
  }
}

/** Is it made, and not deleted since? */
export function requireDeployed({ account }: AwsPlace, type: string, arn: string): void {
  if (account.findByArn(arn)?.type === type && !connectState(account).get().deleted.includes(arn)) return
  throw new AwsError('NotFoundException', `The resource ${arn} does not exist.`, 404)
}

function requireRole({ principals, account }: AwsPlace, role: string, connectorArn: string): void {
  if (account.findByArn(role)?.type !== 'AWS::IAM::Role') throw badRequest(`The service execution role ${role} does not exist.`)
  try {
    principals.assume(role, { service: 'kafkaconnect.amazonaws.com', sourceArn: connectorArn, session: 'connect' })
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    throw badRequest(`The service execution role ${role} cannot be assumed by kafkaconnect.amazonaws.com for ${connectorArn}.`)
  }
}

/** Those of a deployment's own must exist; ids of elsewhere are not known here. */
function requireNetwork({ account }: AwsPlace, { kafkaCluster }: ConnectorRequest): void {
  const { subnets, securityGroups } = kafkaCluster.apacheKafkaCluster.vpc
  const known = new Set(account.find('AWS::EC2::SecurityGroup').map(({ physicalId }) => physicalId))
  for (const group of securityGroups) {
    if (!known.has(group) && !/^sg-[0-9a-f]{8,17}$/.test(group)) throw badRequest(`The security group ${group} does not exist.`)
  }
  for (const subnet of subnets) if (!/^subnet-[0-9a-f]{8,17}$/.test(subnet)) throw badRequest(`The subnet ${subnet} does not exist.`)
}

/** `${provider:path:key}`: without a provider of that name in the worker configuration it would stay as it is, and be the password. */
function requireProviders({ account }: AwsPlace, { connectorConfiguration, workerConfiguration }: ConnectorRequest): void {
  const content = account.findByArn(workerConfiguration?.workerConfigurationArn ?? '')?.properties.PropertiesFileContent
  const lines = typeof content === 'string' ? Buffer.from(content, 'base64').toString('utf8').split('\n') : []
  const provided = (lines.find((line) => line.startsWith('config.providers=')) ?? '').replace('config.providers=', '').split(',')
  for (const [name, value] of Object.entries(connectorConfiguration)) {
    const provider = /\$\{([^}:]+):/.exec(value)?.[1]
    if (provider !== undefined && !provided.includes(provider)) {
      throw badRequest(`${name} refers to the configuration provider ${provider}, which the worker configuration does not have.`)
    }
  }
}
