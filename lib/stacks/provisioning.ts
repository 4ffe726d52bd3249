import { CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib'
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena'
import { Rule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Code } from 'aws-cdk-lib/aws-lambda'
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3'
import { StringParameter } from 'aws-cdk-lib/aws-ssm'
import type { Construct } from 'constructs'
import { gateExecutionPrefix, provisioningSteps } from '../../pipeline/provisioning.ts'
import { provisioningVariables } from '../../pipeline/provisioning-environment.ts'
import { type ProvisioningPlan, provisioningPlan } from '../../pipeline/provisioning-plan.ts'
import { stepsOfBoth, teardownSteps } from '../../pipeline/teardown.ts'
import { acknowledge } from '../acknowledge.ts'
import { connectorArn, executionArns, functionArn, stateMachineArn } from '../arns.ts'
import { DeploymentStack, type StackSettings } from '../deployment-stack.ts'
import { handlerCodes } from '../handler-code.ts'
import { HandlerFunction } from '../handler-function.ts'
import { allow, anywhere, together } from '../permissions.ts'
import { functionTimeoutSeconds } from '../workflow/asking.ts'
import { provisioningDefinition } from '../workflow/provisioning.ts'
import { StepMachine } from '../workflow/step-machine.ts'
import { stepPermissions } from '../workflow/step-permissions.ts'
import { teardownDefinition } from '../workflow/teardown.ts'
import { teardownPermissions } from '../workflow/teardown-permissions.ts'

/** What one check may read (bytes): a hundred gigabytes, so that no mistake reads a lake. Counts and single rows read far less. */
const scannedBytesLimit = 100 * 1024 ** 3

/** Results of checks are looked at while their execution runs, and perhaps the day after. */
const resultsDays = 7

const provisioningEntry = (step: string) => `handlers/provision/${step}.ts`
const teardownEntry = (step: string) => `handlers/teardown/${step}.ts`

/** Handlers around the state machines. */
const entriesAround = [
  'handlers/gate/custom-resource.ts',
  'handlers/gate/signal-failure.ts',
  'handlers/restart/restart-connector.ts',
] as const
type CodeAround = (entry: (typeof entriesAround)[number]) => Code

/** The state machines that do what no template can, and undo it, their steps, and what tells CloudFormation when a deployment waits for one. */
export class CdcProvisioning extends DeploymentStack {
  constructor(scope: Construct, { deployment, tables }: StackSettings) {
    super(scope, 'CdcProvisioning', deployment, 'State machine that makes the pipeline run, and verifies it', {
      suppressTemplateIndentation: true,
    })
    const { names } = this
    const clusterArn = StringParameter.valueForStringParameter(this, names.clusterArnParameter)
    const plan = provisioningPlan(deployment, tables)
    const permissions = stepPermissions({ stack: this, deployment, names, plan, clusterArn })
    const stepEntries = [...provisioningSteps.map(provisioningEntry), ...teardownSteps.map(teardownEntry)]
    const stepCode = handlerCodes(stepEntries, { PROVISIONING_PLAN: JSON.stringify(plan) })
    const environment = {
      [provisioningVariables.clusterArn]: clusterArn,
      [provisioningVariables.pluginArn]: StringParameter.valueForStringParameter(this, names.pluginArnParameter),
      [provisioningVariables.workerConfigurationArn]: StringParameter.valueForStringParameter(this, names.workerConfigurationArnParameter),
      [provisioningVariables.workerSecurityGroup]: StringParameter.valueForStringParameter(this, names.workerSecurityGroupParameter),
    }
    const steps = provisioningSteps.map((step) => {
      const description = `Step ${step} of the provisioning state machine`
      return this.function(step, { code: stepCode(provisioningEntry(step)), description, environment, permissions: permissions[step] })
    })
    const removing = teardownPermissions({ stack: this, deployment, names, plan, clusterArn })
    const teardown = teardownSteps.map((step) => {
      const description = `Step ${step} of the teardown state machine`
      return this.function(step, { code: stepCode(teardownEntry(step)), description, environment, permissions: removing[step] })
    })
    const step = (name: string) => functionArn(this, names.stepFunction(name))
    const provisioningMachine = new StepMachine(this, 'StateMachine', {
      purpose: 'the provisioning state machine',
      name: names.stateMachine,
      roleName: names.stateMachineRole,
      logGroupName: names.stateMachineLogGroup,
      definition: provisioningDefinition(step, deployment.buffering.intervalSeconds),
      invokes: provisioningSteps.map(step),
    })
    provisioningMachine.machine.node.addDependency(...steps)
    const teardownMachine = new StepMachine(this, 'Teardown', {
      purpose: 'the teardown state machine',
      name: names.teardownStateMachine,
      roleName: names.teardownStateMachineRole,
      logGroupName: names.teardownStateMachineLogGroup,
      definition: teardownDefinition(step),
      invokes: [...teardownSteps, ...stepsOfBoth].map(step),
    })
    teardownMachine.machine.node.addDependency(...steps, ...teardown)
    this.workgroup()
    const code = handlerCodes(entriesAround, { CONNECTOR_NAME: JSON.stringify(plan.connector.name) })
    this.gate(code)
    this.rotation(plan, code)
    new CfnOutput(this, 'StateMachineArn', { value: provisioningMachine.machine.ref, description: 'The provisioning state machine' })
    new CfnOutput(this, 'TeardownStateMachineArn', { value: teardownMachine.machine.ref, description: 'The teardown state machine' })
    new CfnOutput(this, 'WorkgroupName', { value: names.workgroup, description: "Athena's workgroup of the checks" })
  }

  private function(
    name: string,
    settings: Omit<ConstructorParameters<typeof HandlerFunction>[2], 'name' | 'roleName' | 'logGroupName' | 'timeoutSeconds'>,
  ): HandlerFunction {
    const { names } = this
    return new HandlerFunction(this, name, {
      ...settings,
      name: names.stepFunction(name),
      roleName: names.stepRole(name),
      logGroupName: names.stepLogGroup(name),
      timeoutSeconds: functionTimeoutSeconds,
    })
  }

  /** What checks ask Athena in. Encrypted by S3: a workgroup with a key of KMS could not alter tables. https://docs.aws.amazon.com/athena/latest/ug/gdc-register-s3-table-bucket-cat.html */
  private workgroup(): void {
    const { names } = this
    const results = new Bucket(this, 'QueryResults', {
      bucketName: names.queryResultsBucket,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      lifecycleRules: [{ expiration: Duration.days(resultsDays), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      // Nothing in it is data, and its name must be free for the next deployment.
      removalPolicy: RemovalPolicy.DESTROY,
    })
    acknowledge(results, { 'AwsSolutions-S1': 'Counts of rows and rows of the canary, for a week: nothing to watch the readers of' })
    new CfnWorkGroup(this, 'Workgroup', {
      name: names.workgroup,
      description: 'Checks of the provisioning state machine',
      recursiveDeleteOption: true,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: scannedBytesLimit,
        engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
        resultConfiguration: {
          outputLocation: `s3://${results.bucketName}/results/`,
          encryptionConfiguration: { encryptionOption: 'SSE_S3' },
        },
      },
    })
  }

  /** What the gate in CdcFirehose invokes, and what tells it that its execution failed. It is here, so that it outlives that stack's failure. */
  private gate(code: CodeAround): void {
    const { names } = this
    const executions = executionArns(this, names.stateMachine, gateExecutionPrefix)
    this.function('gate', {
      code: code('handlers/gate/custom-resource.ts'),
      description: 'Starts the execution that the deployment of the delivery stream waits for',
      permissions: {
        statements: [
          new PolicyStatement({ actions: ['states:StartExecution'], resources: [stateMachineArn(this, names.stateMachine)] }),
          new PolicyStatement({ actions: ['states:DescribeExecution', 'states:StopExecution'], resources: [executions] }),
        ],
        wildcards: [[executions, 'The names of executions are made of what waits for them']],
      },
    })
    const all = executionArns(this, names.stateMachine)
    const signal = this.function('signal-failure', {
      code: code('handlers/gate/signal-failure.ts'),
      description: 'Tells CloudFormation that the execution that it waits for has failed',
      permissions: {
        statements: [new PolicyStatement({ actions: ['states:DescribeExecution'], resources: [all] })],
        wildcards: [[all, 'Executions of the one state machine']],
      },
    })
    new Rule(this, 'ExecutionFailed', {
      ruleName: names.failureRule,
      description: 'An execution of the provisioning state machine failed, timed out or was stopped',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: [stateMachineArn(this, names.stateMachine)] },
      },
      targets: [new LambdaFunction(signal.function)],
    })
  }

  /** Has a connector that runs log in with a secret that was rotated. It is told by CloudTrail, which a trail of the account has to record for. */
  private rotation({ connector, source }: ProvisioningPlan, code: CodeAround): void {
    const own = connectorArn(this, connector.name)
    const drawn = 'MSK Connect draws the ids in these ARNs'
    const restart = this.function('restart-connector', {
      code: code('handlers/restart/restart-connector.ts'),
      description: "Restarts the connector after the secret of Debezium's user was rotated",
      hasNewActions: true,
      permissions: together(
        anywhere(['kafkaconnect:ListConnectors'], 'What lists connectors has no resource-level permissions'),
        allow(
          ['kafkaconnect:DescribeConnector', 'kafkaconnect:ListConnectorOperations', 'kafkaconnect:RestartConnector'],
          [own],
          [[own, drawn]],
        ),
      ),
    })
    // https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-eventbridge.html
    new Rule(this, 'SecretRotated', {
      ruleName: this.names.rotationRule,
      description: "The secret of Debezium's user was rotated",
      eventPattern: {
        source: ['aws.secretsmanager'],
        detailType: ['AWS Service Event via CloudTrail'],
        detail: {
          eventSource: ['secretsmanager.amazonaws.com'],
          eventName: ['RotationSucceeded'],
          additionalEventData: { SecretId: [source.debeziumSecret] },
        },
      },
      targets: [new LambdaFunction(restart.function)],
    })
  }
}
