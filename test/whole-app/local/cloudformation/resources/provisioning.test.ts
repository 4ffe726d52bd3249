import { type AccountFixture, accountFixture } from '../../../../local/cloudformation/fixture.ts'

let fixture: AccountFixture
beforeEach(async () => {
  fixture = await accountFixture()
  fixture.asset('step')
})
afterEach(() => fixture.close())

const role = (RoleName: string, service: string) => ({
  Type: 'AWS::IAM::Role',
  Properties: { RoleName, AssumeRolePolicyDocument: { Statement: [{ Effect: 'Allow', Principal: { Service: service } }] } },
})
const logDelivery = ['CreateLogDelivery', 'GetLogDelivery', 'UpdateLogDelivery', 'DeleteLogDelivery', 'ListLogDeliveries'].map(
  (name) => `logs:${name}`,
)
const logResources = ['PutResourcePolicy', 'DescribeResourcePolicies', 'DescribeLogGroups'].map((name) => `logs:${name}`)
const mayLog = (Action = [...logDelivery, ...logResources]) => ({
  PolicyName: 'Logs',
  PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] },
})
const step = {
  Role: role('step', 'lambda.amazonaws.com'),
  Step: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      FunctionName: 'step',
      Code: { S3Bucket: 'assets', S3Key: 'step.zip' },
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
    },
  },
}
const functionArn = 'arn:aws:lambda:us-east-1:111122223333:function:step'
const look = { Type: 'Task', Resource: functionArn, TimeoutSeconds: 70, End: true }
const definition = (States: object, StartAt = 'Look') => JSON.stringify({ StartAt, States })
const machine = (properties: object = {}, trusted = 'states.amazonaws.com', Policies = [mayLog()]) => ({
  MachineRole: { Type: 'AWS::IAM::Role', Properties: { ...role('machine', trusted).Properties, Policies } },
  Log: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/aws/vendedlogs/states/machine' } },
  Machine: {
    Type: 'AWS::StepFunctions::StateMachine',
    Properties: {
      StateMachineName: 'machine',
      RoleArn: { 'Fn::GetAtt': ['MachineRole', 'Arn'] },
      DefinitionString: definition({ Look: look }),
      LoggingConfiguration: {
        Level: 'ALL',
        IncludeExecutionData: false,
        Destinations: [{ CloudWatchLogsLogGroup: { LogGroupArn: { 'Fn::GetAtt': ['Log', 'Arn'] } } }],
      },
      ...properties,
    },
  },
})
const rule = (properties: object = {}) => ({
  Rule: {
    Type: 'AWS::Events::Rule',
    Properties: {
      Name: 'rule',
      EventPattern: { source: ['aws.states'] },
      State: 'ENABLED',
      Targets: [{ Arn: { 'Fn::GetAtt': ['Step', 'Arn'] }, Id: 'Target0' }],
      ...properties,
    },
  },
})
const permission = (properties: object = {}) => ({
  Permission: {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: { 'Fn::GetAtt': ['Step', 'Arn'] },
      Principal: 'events.amazonaws.com',
      SourceArn: 'arn:aws:events:us-east-1:111122223333:rule/rule',
      ...properties,
    },
  },
})
const workgroup = (configuration: object = {}) => ({
  Results: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'results' } },
  Workgroup: {
    Type: 'AWS::Athena::WorkGroup',
    DependsOn: 'Results',
    Properties: {
      Name: 'checks',
      WorkGroupConfiguration: {
        EnforceWorkGroupConfiguration: true,
        ResultConfiguration: { OutputLocation: 's3://results/results/', EncryptionConfiguration: { EncryptionOption: 'SSE_S3' } },
        ...configuration,
      },
    },
  },
})
const deploy = (...resources: object[]) => fixture.deploy({ Stack: { Resources: Object.assign({}, step, ...resources) } })

test('a state machine, a rule with its permission and a workgroup are deployed under their ARNs, and again nothing changes', async () => {
  await deploy(machine(), rule(), permission(), workgroup())
  const account = fixture.open()
  for (const [arn, type] of [
    ['arn:aws:states:us-east-1:111122223333:stateMachine:machine', 'AWS::StepFunctions::StateMachine'],
    ['arn:aws:events:us-east-1:111122223333:rule/rule', 'AWS::Events::Rule'],
    ['arn:aws:athena:us-east-1:111122223333:workgroup/checks', 'AWS::Athena::WorkGroup'],
  ] as const)
    expect(account.findByArn(arn)?.type).toBe(type)
  const again = await deploy(machine(), rule(), permission(), workgroup())
  expect(new Set(again.map((event) => event.split(' ')[1]))).toEqual(new Set(['unchanged']))
})

test.each<[string, object, string]>([
  ['a role that Step Functions cannot assume', machine({}, 'lambda.amazonaws.com'), 'cannot be assumed by states.amazonaws.com'],
  [
    'a role that may not have logs delivered',
    machine({}, 'states.amazonaws.com', [mayLog(logResources)]),
    'The state machine IAM Role is not authorized to access the Log Destination: User: arn:aws:iam::111122223333:role/machine is not authorized to perform: logs:CreateLogDelivery',
  ],
  ['a definition that is not JSON', machine({ DefinitionString: '{' }), 'INVALID_JSON_DESCRIPTION'],
  ['a transition to nowhere', machine({ DefinitionString: definition({ Look: { ...look, End: undefined, Next: 'Nowhere' } }) }), 'Nowhere'],
  ['a start that is no state', machine({ DefinitionString: definition({ Look: look }, 'Elsewhere') }), 'Elsewhere'],
  ['a misspelt field', machine({ DefinitionString: definition({ Look: { ...look, Retyr: [] } }) }), 'Look'],
  ['a property that the type does not have', machine({ Definitions: {} }), 'Unrecognized key'],
  ['an express state machine', machine({ StateMachineType: 'EXPRESS' }), 'StateMachineType'],
  [
    'a log group that does not exist',
    machine({
      LoggingConfiguration: {
        Level: 'ALL',
        Destinations: [{ CloudWatchLogsLogGroup: { LogGroupArn: 'arn:aws:logs:us-east-1:111122223333:log-group:none:*' } }],
      },
    }),
    'The log destination does not exist',
  ],
  ['a rule for no events', rule({ EventPattern: {} }), 'Event pattern is empty'],
  ['a rule without a target', rule({ Targets: [] }), 'Targets'],
  ['a rule with a target that does not exist', rule({ Targets: [{ Arn: `${functionArn}-2`, Id: 'T' }] }), 'does not exist'],
  ['a permission on a function that does not exist', permission({ FunctionName: 'other' }), 'Function not found: other'],
  ['a permission for several actions', permission({ Action: 'lambda:*' }), 'Action'],
  [
    'a workgroup whose bucket does not exist',
    workgroup({ ResultConfiguration: { OutputLocation: 's3://none/', EncryptionConfiguration: { EncryptionOption: 'SSE_S3' } } }),
    'The bucket of the output location s3://none/ does not exist',
  ],
  ['a workgroup with a limit below ten megabytes', workgroup({ BytesScannedCutoffPerQuery: 1 }), 'BytesScannedCutoffPerQuery'],
])('%s is refused', async (_what, resources, message) => {
  await expect(deploy(resources)).rejects.toThrow(message)
})
