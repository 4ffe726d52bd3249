import type { Stack } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Deployment } from '../pipeline/deployment.ts'
import { ec2Arn } from './arns.ts'

/** What a service needs to put network interfaces into the deployment's subnets, and to take its own away again. */
export function vpcNetworking(stack: Stack, { network }: Pick<Deployment, 'network'>): PolicyStatement[] {
  const vpc = { ArnEquals: { 'ec2:Vpc': ec2Arn(stack, 'vpc', network.vpc) } }
  const interfaces = ec2Arn(stack, 'network-interface', '*')
  return [
    new PolicyStatement({
      actions: ['ec2:DescribeNetworkInterfaces', 'ec2:DescribeSecurityGroups', 'ec2:DescribeSubnets', 'ec2:DescribeVpcs'],
      resources: ['*'],
    }),
    new PolicyStatement({
      actions: ['ec2:CreateNetworkInterface'],
      resources: [interfaces, ...network.subnets.map((subnet) => ec2Arn(stack, 'subnet', subnet))],
    }),
    new PolicyStatement({
      actions: ['ec2:CreateNetworkInterface'],
      resources: [ec2Arn(stack, 'security-group', '*')],
      conditions: vpc,
    }),
    new PolicyStatement({ actions: ['ec2:DeleteNetworkInterface'], resources: [interfaces], conditions: vpc }),
  ]
}

/** Why {@link vpcNetworking} has wildcards. */
export function vpcNetworkingWildcards(stack: Stack): [string, string][] {
  return [
    ['*', 'What describes network interfaces, security groups, subnets and VPCs has no resource-level permissions'],
    [
      ec2Arn(stack, 'network-interface', '*'),
      'Ids of network interfaces are drawn when they are made; the subnets, or the VPC, are named beside',
    ],
    [ec2Arn(stack, 'security-group', '*'), 'Only those of the one VPC, by condition'],
  ]
}
