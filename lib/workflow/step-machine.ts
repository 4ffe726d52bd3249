import { RemovalPolicy } from 'aws-cdk-lib'
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions'
import { acknowledge, acknowledgeWildcards } from '../acknowledge.ts'
import { stateMachineArn } from '../arns.ts'
import type { DeploymentStack } from '../deployment-stack.ts'
import { logDeliveryActions } from '../permissions.ts'
import type { Definition } from './states.ts'

export interface StepMachineSettings {
  /** As it stands in "Invokes the steps of …". */
  readonly purpose: string
  readonly name: string
  readonly roleName: string
  readonly logGroupName: string
  readonly definition: Definition
  /** ARNs of the functions that it may invoke. */
  readonly invokes: readonly string[]
}

/** A state machine of steps, with a role that may invoke them and nothing else, and a log group. */
export class StepMachine {
  readonly machine: CfnStateMachine

  /** @param id of the state machine; in front of those of its role and log group */
  constructor(scope: DeploymentStack, id: string, settings: StepMachineSettings) {
    const { deployment } = scope
    const logGroup = new LogGroup(scope, `${id}Log`, {
      logGroupName: settings.logGroupName,
      retention: deployment.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const role = new Role(scope, `${id}Role`, {
      roleName: settings.roleName,
      description: `Invokes the steps of ${settings.purpose}`,
      assumedBy: new ServicePrincipal('states.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': deployment.account },
          ArnLike: { 'aws:SourceArn': stateMachineArn(scope, settings.name) },
        },
      }),
      inlinePolicies: {
        Steps: new PolicyDocument({
          statements: [new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [...settings.invokes] })],
        }),
        // https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
        Log: new PolicyDocument({
          statements: [new PolicyStatement({ actions: [...logDeliveryActions, 'logs:UpdateLogDelivery'], resources: ['*'] })],
        }),
      },
    })
    acknowledgeWildcards(role, [['*', 'What delivers logs has no resource-level permissions']])
    this.machine = new CfnStateMachine(scope, id, {
      stateMachineName: settings.name,
      stateMachineType: 'STANDARD',
      roleArn: role.roleArn,
      definitionString: JSON.stringify(settings.definition),
      loggingConfiguration: {
        level: 'ALL',
        // Inputs may hold the presigned URL of a wait condition.
        includeExecutionData: false,
        destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: logGroup.logGroupArn } }],
      },
    })
    acknowledge(this.machine, {
      'AwsSolutions-SF2':
        'The history of an execution has the times and answers of all its states, and one runs only now and then: a trace would add nothing',
    })
  }
}
