import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, CfnFunction, Function, Runtime } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { transformPlan } from '../../pipeline/transform-plan.ts'
import { acknowledgeWildcards } from '../acknowledge.ts'
import { logStreamArn } from '../arns.ts'
import { DeploymentStack, type StackSettings } from '../deployment-stack.ts'
import { handlerCodes } from '../handler-code.ts'

const entry = 'handlers/transform/index.ts'

/** The transform function, with the declaration of tables in its bundle, and its log group. */
export class CdcLambdaTransform extends DeploymentStack {
  constructor(scope: Construct, { deployment, tables }: StackSettings) {
    super(scope, 'CdcLambdaTransform', deployment, 'Turns change events into rows for Firehose')
    const { transform, creates, truncates, namespace } = deployment
    const logGroup = new LogGroup(this, 'LogGroup', {
      logGroupName: this.names.transformLogGroup,
      retention: deployment.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const logStreams = logStreamArn(this, this.names.transformLogGroup, '*')
    const log = new PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logStreams] })
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': deployment.account } },
      }),
      description: 'Execution role of the transform function',
      inlinePolicies: { Log: new PolicyDocument({ statements: [log] }) },
    })
    acknowledgeWildcards(role, [[logStreams, "Lambda draws the names of the log streams of the function's own log group"]])
    const plan = transformPlan(tables, { namespace: namespace.name, creates, truncates })
    const transformFunction = new Function(this, 'Transform', {
      functionName: this.names.transformFunction,
      description: 'Decodes, flattens and routes change events of all captured tables',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: handlerCodes([entry], { TRANSFORM_PLAN: JSON.stringify(plan) })(entry),
      memorySize: transform.memoryMiB,
      timeout: Duration.seconds(transform.timeoutSeconds),
      role,
      logGroup,
    })
    // The role is referred to, and its policy is inside it: to depend on it once more says nothing (cfn-lint W3005).
    const resource = transformFunction.node.defaultChild
    if (resource instanceof CfnFunction) resource.addDeletionOverride('DependsOn')
  }
}
