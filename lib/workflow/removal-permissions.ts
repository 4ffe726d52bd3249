import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { offsetsTopic } from '../../pipeline/names.ts'
import { connectorArn, ec2Arn, kafkaResourceArn } from '../arns.ts'
import { allow, anywhere, type Permissions, together } from '../permissions.ts'
import type { StepPermissionsSettings } from './step-permissions.ts'

const drawn = 'MSK Connect draws the ids in these ARNs'

/** Where the connector is, and how it is. */
export function lookAtConnector({ stack, plan }: StepPermissionsSettings): Permissions {
  const own = connectorArn(stack, plan.connector.name)
  return together(
    anywhere(['kafkaconnect:ListConnectors'], 'What lists connectors has no resource-level permissions'),
    allow(['kafkaconnect:DescribeConnector'], [own], [[own, drawn]]),
  )
}

/** With what MSK Connect does in the caller's name: the workers' network interfaces go, and the delivery of their logs. */
export function deleteConnector({ stack, plan, deployment }: StepPermissionsSettings): Permissions {
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

/** Of the topic of the connector's offsets. https://docs.aws.amazon.com/msk/latest/developerguide/msk-topic-operations-information.html */
export function deleteOffsets({ stack, clusterArn }: StepPermissionsSettings): Permissions {
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
