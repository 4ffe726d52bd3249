import type { LocalAccount } from '../../../../local/cloudformation/account.ts'
import { kafkaCluster } from '../../cloudformation/fixture.ts'
import type { PlaceFixture } from '../place.ts'

/** Deploys a cluster; returns its ARN. */
export async function deployCluster({ fixture, place }: PlaceFixture, settings: Parameters<typeof kafkaCluster>[1] = {}): Promise<string> {
  await fixture.deploy({ Kafka: { Resources: kafkaCluster('kafka', settings) } }, place.account)
  return arnOfCluster(place.account)
}

export function arnOfCluster(account: LocalAccount): string {
  const arn = account.find('AWS::MSK::Cluster')[0]?.arn
  if (arn === undefined) throw new Error('no cluster is deployed')
  return arn
}
