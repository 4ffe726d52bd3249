import { join } from 'node:path'
import type { AwsPlace } from '../../../local/aws/place.ts'
import type { JsonObject } from '../../../local/cloudformation/json.ts'
import { openWorkflow, type Workflow } from '../../../local/workflow/workflow.ts'
import { inline, type PlaceFixture, placeFixture, type Served, trust } from '../aws/place.ts'

export const machineArn = 'arn:aws:states:us-east-1:111122223333:stateMachine:machine'

/** A state machine with its functions in an account of its own, served to AWS's clients. */
export interface WorkflowFixture {
  readonly account: PlaceFixture
  readonly place: AwsPlace
  readonly workflow: Workflow
  readonly served: Served
  readonly failures: string[]
  /** Deploys functions by the source of their modules, and the state machine. `mayInvoke` names what its role may invoke. */
  deploy(
    functions: Readonly<Record<string, string>>,
    definition: JsonObject,
    more?: {
      readonly mayInvoke?: readonly string[]
      readonly resources?: JsonObject
    },
  ): Promise<void>
  /** Opens the same data folder again, as the next run does. */
  reopen(): Workflow
  close(): Promise<void>
}

export const functionArn = (name: string) => `arn:aws:lambda:us-east-1:111122223333:function:${name}`

export const task = (name: string, rest: JsonObject = {}): JsonObject => ({
  Type: 'Task',
  Resource: functionArn(name),
  TimeoutSeconds: 20,
  ...rest,
})

export async function workflowFixture(): Promise<WorkflowFixture> {
  const account = await placeFixture({ timeScale: 1 / 600 })
  const { place, fixture } = account
  const failures: string[] = []
  let uri = ''
  const open = () =>
    openWorkflow({
      place: { ...place, now: Date.now },
      endpointUri: () => uri,
      directory: join(fixture.directory, 'aws', 'executions'),
      onFailure: (sentence) => failures.push(sentence),
    })
  const workflow = open()
  const served = await account.serve({ states: workflow.service })
  uri = served.endpoint.uri
  let role = ''
  const opened: Workflow[] = [workflow]
  return {
    account,
    place,
    workflow,
    served,
    failures,
    async deploy(functions, definition, { mayInvoke = Object.keys(functions), resources = {} } = {}) {
      const names = Object.entries(functions)
      for (const [name, source] of names) fixture.asset(name, source)
      if (role === '') role = await account.role('function', [{ Effect: 'Allow', Action: 'states:DescribeExecution', Resource: '*' }])
      const allowed = { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: mayInvoke.map(functionArn) }
      const stack = {
        Resources: {
          MachineRole: {
            Type: 'AWS::IAM::Role',
            Properties: {
              RoleName: 'machine',
              AssumeRolePolicyDocument: trust('states.amazonaws.com'),
              Policies: mayInvoke.length > 0 ? [inline([allowed])] : [],
            },
          },
          ...Object.fromEntries(names.map(([name]) => [`Function${name}`, lambda(name, role)])),
          Machine: {
            Type: 'AWS::StepFunctions::StateMachine',
            Properties: {
              StateMachineName: 'machine',
              DefinitionString: JSON.stringify(definition),
              RoleArn: { 'Fn::GetAtt': ['MachineRole', 'Arn'] },
            },
          },
          ...resources,
        },
      }
      await fixture.deploy({ Stack: stack }, place.account)
    },
    reopen() {
      const again = open()
      opened.push(again)
      return again
    },
    async close() {
      await Promise.all(opened.map((one) => one.close()))
      await account.close()
    },
  }
}

function lambda(name: string, role: string) {
  return {
    Type: 'AWS::Lambda::Function',
    Properties: {
      FunctionName: name,
      Code: { S3Bucket: 'assets', S3Key: `${name}.zip` },
      Handler: 'index.handler',
      Runtime: 'nodejs22.x',
      Role: role,
      Timeout: 20,
    },
  }
}
