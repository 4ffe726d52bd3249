import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { CfnRole, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, CfnFunction, type Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { acknowledgeWildcards } from './acknowledge.ts'
import { logStreamArn } from './arns.ts'
import type { DeploymentStack } from './deployment-stack.ts'
import type { Permissions } from './permissions.ts'

export interface HandlerFunctionSettings {
  readonly description: string
  readonly name: string
  readonly roleName: string
  readonly logGroupName: string
  readonly code: Code
  readonly environment?: Record<string, string>
  readonly timeoutSeconds: number
  readonly permissions: Permissions
  /** Its role has an action that cfn-lint's list does not know yet. */
  readonly hasNewActions?: boolean
}

/** A function of the state machine or around it, with a role and a log group of its own. */
export class HandlerFunction extends Construct {
  readonly functionArn: string
  readonly function: Function

  constructor(scope: DeploymentStack, id: string, settings: HandlerFunctionSettings) {
    super(scope, id)
    const { deployment } = scope
    const logGroup = new LogGroup(this, 'LogGroup', {
      logGroupName: settings.logGroupName,
      retention: deployment.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const logStreams = logStreamArn(scope, settings.logGroupName, '*')
    const log = new PolicyStatement({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logStreams] })
    const { statements, wildcards } = settings.permissions
    const role = new Role(this, 'Role', {
      roleName: settings.roleName,
      description: settings.description,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': deployment.account } },
      }),
      inlinePolicies: {
        Log: new PolicyDocument({ statements: [log] }),
        ...(statements.length > 0 && { Step: new PolicyDocument({ statements: [...statements] }) }),
      },
    })
    const { defaultChild } = role.node
    // cfn-lint's list of actions, like the service authorization reference of the tests, is older than some that are needed: docs/limitations.md names them.
    if (settings.hasNewActions && defaultChild instanceof CfnRole)
      defaultChild.addMetadata('cfn-lint', { config: { ignore_checks: ['W3037'] } })
    acknowledgeWildcards(role, [[logStreams, "Lambda draws the names of the log streams of the function's own log group"], ...wildcards])
    this.function = new Function(this, 'Function', {
      functionName: settings.name,
      description: settings.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: settings.code,
      memorySize: 256,
      timeout: Duration.seconds(settings.timeoutSeconds),
      ...(settings.environment && { environment: settings.environment }),
      role,
      logGroup,
    })
    this.functionArn = this.function.functionArn
    // The role is referred to, and its policy is inside it: to depend on it once more says nothing (cfn-lint W3005).
    const resource = this.function.node.defaultChild
    if (resource instanceof CfnFunction) resource.addDeletionOverride('DependsOn')
  }
}
