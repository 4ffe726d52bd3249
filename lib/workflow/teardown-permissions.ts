import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { offsetsTopic } from '../../pipeline/names.ts'
import type { TeardownStepName } from '../../pipeline/teardown.ts'
import { connectorArn, ec2Arn, kafkaResourceArn } from '../arns.ts'
import { noPermissions, type Permissions, together } from '../permissions.ts'
import { allow, anywhere, dataApi, type StepPermissionsSettings } from './step-permissions.ts'

/** What the role of each of the teardown's own steps may do: no more than its calls need. */
export function teardownPermissions(settings: StepPermissionsSettings): Record<TeardownStepName, Permissions> {
  const { plan, clusterArn } = settings
  const { preparationSecret, debeziumSecret } = plan.source
  const asPreparation = dataApi(settings, [preparationSecret])
  return {
    'check-teardown': allow(['states:ListExecutions'], [plan.stateMachines.provisioning]),
    'check-ownership': together(asPreparation, lookAtConnector(settings)),
    'await-drained': asPreparation,
    'ensure-no-connector': together(lookAtConnector(settings), deleteConnector(settings)),
    'ensure-clean-source': dataApi(settings, [preparationSecret, debeziumSecret]),
    'check-no-slot': asPreparation,
    'ensure-no-offsets-topic': deleteOffsets(settings),
    'ensure-no-policy': allow(['kafka:GetClusterPolicy', 'kafka:PutClusterPolicy', 'kafka:DeleteClusterPolicy'], [clusterArn]),
    'report-teardown': noPermissions,
  }
}

const drawn = 'MSK Connect draws the ids in these ARNs'

function lookAtConnector({ stack, plan }: StepPermissionsSettings): Permissions {
  const own = connectorArn(stack, plan.connector.name)
  return together(
    anywhere(['kafkaconnect:ListConnectors'], 'What lists connectors has no resource-level permissions'),
    allow(['kafkaconnect:DescribeConnector'], [own], [[own, drawn]]),
  )
}

/** With what MSK Connect does in the caller's name: the workers' network interfaces go, and the delivery of their logs. */
function deleteConnector({ stack, plan, deployment }: StepPermissionsSettings): Permissions {
  const own = connectorArn(stack, plan.connector.name)
  const interfaces = ec2Arn(stack, 'network-interface', '*')
  const conditions = { ArnEquals: { 'ec2:Vpc': ec2Arn(stack, 'vpc', deployment.network.vpc) } }
  return together(
    allow(['kafkaconnect:DeleteConnector'], [own], [[own, drawn]]),
    {
      statements: [new PolicyStatement({ actions: ['ec2:DeleteNetworkInterface'], resources: [interfaces], conditions })],
      wildcards: [[interfaces, 'Ids of network interfaces are drawn when they are made; only those of the one VPC, by condition']],
    },
    anywhere(['logs:DeleteLogDelivery', 'logs:ListLogDeliveries'], 'What delivers logs has no resource-level permissions'),
  )
}

/** https://docs.aws.amazon.com/msk/latest/developerguide/msk-topic-operations-information.html */
function deleteOffsets({ stack, clusterArn }: StepPermissionsSettings): Permissions {
  const topic = kafkaResourceArn(stack, clusterArn, 'topic', offsetsTopic)
  return together(
    allow(['kafka:DescribeClusterV2'], [clusterArn]),
    allow(['kafka-cluster:Connect'], [clusterArn]),
    allow(
      [
        'kafka:DeleteTopic',
        'kafka:DescribeTopic',
        'kafka-cluster:DeleteTopic',
        'kafka-cluster:DescribeTopic',
        'kafka-cluster:DescribeTopicDynamicConfiguration',
      ],
      [topic],
    ),
  )
}
