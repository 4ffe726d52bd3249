import { type Json, scalarText } from '../json.ts'
import { type ResourceContext, type ResourceProvider, uuidOf } from '../provider.ts'

/** A type of which nothing but its names matters here: it is recorded with what `Ref` and `Fn::GetAtt` give at AWS. */
function recorded(type: string, replacedBy: readonly string[], identify: ResourceProvider['identify']): ResourceProvider {
  return { type, replacedBy, identify }
}

/** The given name, or one that CloudFormation would have generated. */
function named(name: Json | undefined, context: ResourceContext, longest: number): string {
  return typeof name === 'string' ? name : context.generatedName.slice(-longest)
}

const iam = { region: '' } as const

export const recordedTypes: readonly ResourceProvider[] = [
  recorded('AWS::IAM::Role', ['RoleName', 'Path'], ({ RoleName, Path }, context) => {
    const name = named(RoleName, context, 64)
    const arn = context.account.arn('iam', `role${typeof Path === 'string' ? Path : '/'}${name}`, iam)
    return { physicalId: name, arn, attributes: { Arn: arn, RoleId: `AROA${context.unique.slice(0, 17).toUpperCase()}` } }
  }),
  recorded('AWS::IAM::Policy', ['PolicyName'], ({ PolicyName }, context) => ({
    physicalId: `${named(PolicyName, context, 128)}-${context.unique.slice(0, 12)}`,
  })),
  recorded('AWS::IAM::ManagedPolicy', ['ManagedPolicyName', 'Path', 'Description'], ({ ManagedPolicyName, Path }, context) => {
    const arn = context.account.arn('iam', `policy${typeof Path === 'string' ? Path : '/'}${named(ManagedPolicyName, context, 128)}`, iam)
    return { physicalId: arn, arn, attributes: { PolicyArn: arn } }
  }),
  recorded('AWS::Logs::LogGroup', ['LogGroupName'], ({ LogGroupName }, context) => {
    const name = named(LogGroupName, context, 512)
    const arn = context.account.arn('logs', `log-group:${name}:*`)
    return { physicalId: name, arn, attributes: { Arn: arn } }
  }),
  recorded('AWS::Logs::LogStream', ['LogGroupName', 'LogStreamName'], ({ LogGroupName, LogStreamName }, context) => {
    const name = named(LogStreamName, context, 512)
    return { physicalId: name, arn: context.account.arn('logs', `log-group:${scalarText(LogGroupName)}:log-stream:${name}`) }
  }),
  recorded('AWS::S3::BucketPolicy', ['Bucket'], ({ Bucket }) => ({ physicalId: scalarText(Bucket) })),
  recorded('AWS::SSM::Parameter', ['Name'], ({ Name, Type, Value }, context) => ({
    physicalId: named(Name, context, 512),
    attributes: { Type: Type ?? 'String', Value: Value ?? '' },
  })),
  recorded('AWS::EC2::SecurityGroup', ['GroupName', 'GroupDescription', 'VpcId'], ({ VpcId }, context) => {
    const id = `sg-${context.unique.slice(0, 17)}`
    return {
      physicalId: id,
      arn: context.account.arn('ec2', `security-group/${id}`),
      attributes: { GroupId: id, Id: id, VpcId: VpcId ?? '' },
    }
  }),
  recorded(
    'AWS::EC2::SecurityGroupIngress',
    ['GroupId', 'IpProtocol', 'FromPort', 'ToPort', 'CidrIp', 'CidrIpv6', 'SourceSecurityGroupId', 'SourcePrefixListId'],
    (_properties, context) => {
      const id = `sgr-${context.unique.slice(0, 17)}`
      return { physicalId: id, attributes: { Id: id } }
    },
  ),
  recorded('AWS::MSK::Configuration', ['Name', 'KafkaVersionsList'], ({ Name, Description, ServerProperties }, context, before) => {
    const revision = Number(before?.attributes['LatestRevision.Revision'] ?? 1)
    const changed = before !== undefined && before.properties.ServerProperties !== ServerProperties
    const arn = context.account.arn('kafka', `configuration/${named(Name, context, 64)}/${uuidOf(context)}-1`)
    return {
      physicalId: arn,
      arn,
      key: named(Name, context, 64),
      attributes: {
        Arn: arn,
        'LatestRevision.Revision': changed ? revision + 1 : revision,
        'LatestRevision.Description': Description ?? '',
      },
    }
  }),
  recorded('AWS::MSK::ClusterPolicy', ['ClusterArn'], ({ ClusterArn }) => ({
    physicalId: scalarText(ClusterArn),
    attributes: { CurrentVersion: 'K1' },
  })),
  recorded('AWS::CDK::Metadata', [], (_properties, context) => ({ physicalId: uuidOf(context) })),
]
