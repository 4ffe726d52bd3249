import type { DescribeConnectorResponse } from '@aws-sdk/client-kafkaconnect'
import { wantedConnector } from '../../../../handlers/provision/connector/wanted-connector.ts'
import { place } from '../asked.ts'

export const brokers = 'b-1.c.kafka.us-east-1.amazonaws.com:9098,b-2.c.kafka.us-east-1.amazonaws.com:9098'
export const wanted = wantedConnector(place.plan, place.environment, brokers)
export const arn = `arn:aws:kafkaconnect:us-east-1:111122223333:connector/${place.plan.connector.name}/0a1b2c3d-1111-4222-8333-444455556666-3`

/** The connector as MSK Connect describes it: as wanted, but for these. */
export function described(change: Partial<DescribeConnectorResponse> = {}): DescribeConnectorResponse {
  const { tags: _tags, ...request } = wanted
  return {
    ...request,
    connectorArn: arn,
    connectorState: 'RUNNING',
    currentVersion: 'K3T4TT2Z381HKD',
    creationTime: new Date('2026-11-22T11:00:00Z'),
    networkType: 'IPV4',
    ...change,
  }
}

export const summary = (change: Partial<DescribeConnectorResponse> = {}) => {
  const { connectorConfiguration: _configuration, ...listed } = described(change)
  return listed
}
