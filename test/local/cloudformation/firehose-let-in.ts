import { firehoseStatement } from '../../../handlers/provision/ensure-cluster-policy.ts'
import { changeCluster } from '../../../local/aws/msk/cluster-state.ts'
import type { LocalAccount } from '../../../local/cloudformation/account.ts'

/** Brings every cluster of the account into the state that the provisioning leaves it in, without the time that it takes. */
export async function letFirehoseIn(account: LocalAccount): Promise<void> {
  for (const { arn } of account.find('AWS::MSK::Cluster')) {
    if (arn === undefined) continue
    const document = JSON.stringify({ Version: '2012-10-17', Statement: [firehoseStatement(arn)] })
    await changeCluster(account, arn, { vpcConnectivity: true, policy: { document, version: 'K1' }, policyChanges: 1 })
  }
}
