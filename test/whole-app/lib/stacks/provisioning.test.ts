import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isObject, type JsonObject, scalarText } from '../../../../local/cloudformation/json.ts'
import type { Template } from '../../../../local/cloudformation/template.ts'
import { provisioningSteps } from '../../../../pipeline/provisioning.ts'
import { provisioningVariables } from '../../../../pipeline/provisioning-environment.ts'
import { stepsOfBoth, teardownSteps } from '../../../../pipeline/teardown.ts'
import { allowing } from '../../../lib/statements.ts'
import { inRegion, localDeployment, memberOf, objectsIn, ofType, onlyOf, synthesized } from '../../../lib/synthesized.ts'

const app = synthesized()
const template = templateOf(app, 'CdcProvisioning')

function templateOf(templates: Record<string, Template>, name: string): Template {
  const found = templates[name]
  if (!found) throw new Error(`no ${name}`)
  return found
}

/** The only resource of a type: its logical id and definition. */
function entry(of: Template, type: string) {
  const [found, ...others] = Object.entries(of.Resources).filter(([, { Type }]) => Type === type)
  if (!found || others.length > 0) throw new Error(`not one ${type}`)
  return found
}

const functionNames = (of: Template) => ofType(of, 'AWS::Lambda::Function').map(({ Properties }) => scalarText(Properties?.FunctionName))
const allSteps = [...provisioningSteps, ...teardownSteps]
const stepArns = (steps: readonly string[]) => steps.map((step) => `arn:aws:lambda:us-east-1:111122223333:function:aurora-cdc-${step}`)

/** The properties of the state machine of that name. */
function machineOf(of: Template, name: string): JsonObject {
  const found = ofType(of, 'AWS::StepFunctions::StateMachine').find(({ Properties }) => Properties?.StateMachineName === name)
  if (!found?.Properties) throw new Error(`no state machine ${name}`)
  return found.Properties
}

test('every step has a file, a function and a role of its own, and no file of the folders is forgotten', () => {
  const verbs = /^(check|ensure|await|signal)-|^report/
  for (const [folder, steps] of [
    ['provision', provisioningSteps],
    ['teardown', teardownSteps],
  ] as const) {
    const files = readdirSync(join(import.meta.dirname, '..', '..', '..', '..', 'handlers', folder)).filter(
      (name) => name.endsWith('.ts') && verbs.test(name),
    )
    expect(files.map((name) => name.replace('.ts', '')).toSorted()).toEqual([...steps].toSorted())
  }
  const own = [...allSteps, 'gate', 'signal-failure', 'restart-connector'].map((name) => `aurora-cdc-${name}`)
  expect(functionNames(template).toSorted()).toEqual(own.toSorted())
  const roles = ofType(template, 'AWS::Lambda::Function').map(({ Properties }) => JSON.stringify(Properties?.Role))
  expect(new Set(roles).size).toBe(own.length)
})

test('the functions run on arm64 in a current runtime, with a limit below that of their task, and log to groups that expire', () => {
  for (const { Properties } of ofType(template, 'AWS::Lambda::Function')) {
    expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], Timeout: 60, MemorySize: 256 })
    expect(Properties).not.toHaveProperty('VpcConfig')
  }
  const groups = ofType(template, 'AWS::Logs::LogGroup').map(({ Properties }) => Properties?.LogGroupName)
  expect(groups).toEqual(expect.arrayContaining(['/aws/lambda/aurora-cdc-report', '/aws/vendedlogs/states/aurora-cdc-provisioning']))
  expect(groups).toHaveLength(allSteps.length + 5)
})

test('steps are given what is only known at AWS, from the parameters that other stacks leave', () => {
  const [step] = ofType(template, 'AWS::Lambda::Function')
  const { Variables } = memberOf(step?.Properties ?? {}, 'Environment')
  if (!isObject(Variables)) throw new Error('no variables')
  expect(Object.keys(Variables).toSorted()).toEqual(Object.values(provisioningVariables).toSorted())
  const parameters = Object.values(Variables).map((value) =>
    scalarText(isObject(value) ? template.Parameters[scalarText(value.Ref)]?.Default : value),
  )
  expect(parameters.toSorted()).toEqual([
    '/aurora-cdc/connect-plugin-arn',
    '/aurora-cdc/connect-security-group',
    '/aurora-cdc/connect-worker-configuration-arn',
    '/aurora-cdc/msk-cluster-arn',
  ])
})

test.each([
  ['aurora-cdc-provisioning', 'StateMachineRole', provisioningSteps],
  ['aurora-cdc-teardown', 'TeardownRole', [...teardownSteps, ...stepsOfBoth]],
])('%s calls its functions, is allowed these only, and logs without data, which may hold a secret', (name, role, steps) => {
  const machine = machineOf(template, name)
  const called = [...new Set(scalarText(machine.DefinitionString).match(/arn:aws:lambda:[^"]+/g))]
  expect(called.toSorted()).toEqual(stepArns(steps).toSorted())
  const invoked = allowing({ template }).filter(
    ({ actions, where }) => actions.includes('lambda:InvokeFunction') && where.startsWith(`template/${role}`),
  )
  expect(invoked.flatMap(({ resources }) => resources).toSorted()).toEqual(stepArns(steps).toSorted())
  expect(machine).toMatchObject({
    StateMachineType: 'STANDARD',
    LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
  })
})

test('the ARNs of both state machines are outputs', () => {
  expect(template.Outputs).toMatchObject({ StateMachineArn: expect.any(Object), TeardownStateMachineArn: expect.any(Object) })
})

test.each([
  ['cn-north-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
])('in %s the functions are called by ARNs of the partition', (region, partition) => {
  const there = machineOf(templateOf(synthesized(inRegion(region, partition)), 'CdcProvisioning'), 'aurora-cdc-provisioning')
  const arns = scalarText(there.DefinitionString).match(/arn:[^"]+/g) ?? []
  expect(arns.length).toBeGreaterThan(20)
  expect(arns.filter((arn) => !arn.startsWith(`arn:${partition}:lambda:${region}:`))).toEqual([])
})

const actionsOf = (step: string) =>
  allowing({ template })
    .filter(({ where }) => where.startsWith(`template/${step.replaceAll('-', '')}Role`))
    .flatMap(({ actions }) => actions)
    .filter((action) => !/^logs:(CreateLogStream|PutLogEvents)$/.test(action))
    .toSorted()

test('what looks may not change anything, and what changes one thing may change nothing else', () => {
  expect(actionsOf('report')).toEqual([])
  expect(actionsOf('signal-delivery-ready')).toEqual([])
  expect(actionsOf('check-request')).toEqual(['firehose:DescribeDeliveryStream', 'states:ListExecutions'])
  expect(actionsOf('check-source')).toEqual(['rds-data:ExecuteStatement', 'secretsmanager:GetSecretValue'])
  expect(actionsOf('check-catalog')).toEqual(['glue:GetCatalog'])
  expect(actionsOf('ensure-cluster-policy')).toEqual(['kafka:GetClusterPolicy', 'kafka:PutClusterPolicy'])
  expect(actionsOf('ensure-grants')).toEqual([
    'lakeformation:GrantPermissions',
    'lakeformation:ListPermissions',
    'lakeformation:RevokePermissions',
  ])
  expect(actionsOf('check-teardown')).toEqual(['states:ListExecutions'])
  expect(actionsOf('ensure-no-policy')).toEqual(['kafka:DeleteClusterPolicy', 'kafka:GetClusterPolicy', 'kafka:PutClusterPolicy'])
  const changing = /:(Create|Put|Update|Delete|Alter|Grant|Attach|PassRole|Start|Stop)/
  const may = allSteps.filter((step) => actionsOf(step).some((action) => changing.test(action)))
  // A query is started, and its results are written.
  expect(may).toEqual([
    'ensure-vpc-connectivity',
    'ensure-grants',
    'ensure-cluster-policy',
    'ensure-topic',
    'ensure-columns',
    'ensure-slot-forgotten',
    'ensure-connector',
    'await-canary',
    'ensure-vanished-removed',
    'await-row-counts',
    'ensure-no-connector',
    'ensure-no-offsets-topic',
    'ensure-no-policy',
  ])
})

test('settings of the data lake are changed only where the deployment says so', () => {
  const lakeFormation = { addAdministrator: true }
  const { CdcProvisioning: administering } = synthesized({ ...localDeployment, lakeFormation })
  const actions = (of: Template | undefined) => JSON.stringify(of).includes('lakeformation:PutDataLakeSettings')
  expect([actions(template), actions(administering)]).toEqual([false, true])
})

test("the connector's role is passed to MSK Connect only, by one step", () => {
  const passing = allowing({ template }).filter(({ actions }) => actions.includes('iam:PassRole'))
  expect(passing).toEqual([
    expect.objectContaining({
      where: expect.stringContaining('ensureconnector'),
      resources: ['arn:aws:iam::111122223333:role/aurora-cdc-connect-us-east-1'],
      condition: { StringEquals: { 'iam:PassedToService': 'kafkaconnect.amazonaws.com' } },
    }),
  ])
})

test('checks are asked in a workgroup that encrypts results, drops them, and reads no more than a limit', () => {
  expect(onlyOf(template, 'AWS::Athena::WorkGroup')).toMatchObject({
    Name: 'aurora-cdc-checks',
    WorkGroupConfiguration: {
      EnforceWorkGroupConfiguration: true,
      BytesScannedCutoffPerQuery: 107_374_182_400,
      ResultConfiguration: { EncryptionConfiguration: { EncryptionOption: 'SSE_S3' } },
    },
  })
  expect(onlyOf(template, 'AWS::S3::Bucket')).toMatchObject({
    LifecycleConfiguration: { Rules: [expect.objectContaining({ ExpirationInDays: 7, Status: 'Enabled' })] },
  })
})

test.each([
  [
    'an execution that does not succeed is told to the function that tells CloudFormation',
    'aurora-cdc-provisioning-failed',
    'signalfailure',
    {
      source: ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      detail: {
        status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
        stateMachineArn: ['arn:aws:states:us-east-1:111122223333:stateMachine:aurora-cdc-provisioning'],
      },
    },
  ],
  [
    "a rotation of Debezium's secret is told to the function that restarts the connector",
    'aurora-cdc-secret-rotated',
    'restartconnector',
    {
      source: ['aws.secretsmanager'],
      'detail-type': ['AWS Service Event via CloudTrail'],
      detail: {
        eventSource: ['secretsmanager.amazonaws.com'],
        eventName: ['RotationSucceeded'],
        additionalEventData: { SecretId: [memberOf(localDeployment, 'secrets').debezium] },
      },
    },
  ],
])('%s, which the rule may invoke', (_what, name, functionId, pattern) => {
  const rules = Object.entries(template.Resources).filter(([, { Type }]) => Type === 'AWS::Events::Rule')
  const [ruleId, rule] = rules.find(([, { Properties }]) => Properties?.Name === name) ?? []
  expect(rule?.Properties).toMatchObject({ EventPattern: pattern, State: 'ENABLED' })
  const [target] = objectsIn(rule?.Properties?.Targets).filter(({ Arn }) => Arn !== undefined)
  expect(JSON.stringify(target?.Arn)).toMatch(new RegExp(`"${functionId}Function`))
  expect(ofType(template, 'AWS::Lambda::Permission').map(({ Properties }) => Properties)).toContainEqual(
    expect.objectContaining({
      FunctionName: target?.Arn,
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': [ruleId, 'Arn'] },
    }),
  )
})

test('what restarts the connector may do nothing else to it', () => {
  expect(actionsOf('restart-connector')).toEqual([
    'kafkaconnect:DescribeConnector',
    'kafkaconnect:ListConnectorOperations',
    'kafkaconnect:ListConnectors',
    'kafkaconnect:RestartConnector',
  ])
})

describe('the gate in front of the delivery stream', () => {
  const gateOf = (deployment: object = localDeployment, tables?: unknown) => {
    const firehose = templateOf(synthesized(deployment, tables), 'CdcFirehose')
    const [handle] = entry(firehose, 'AWS::CloudFormation::WaitConditionHandle')
    const [execution, { Properties: asked }] = entry(firehose, 'Custom::ProvisioningExecution')
    const [condition, { Properties: waiting, DependsOn }] = entry(firehose, 'AWS::CloudFormation::WaitCondition')
    const [, stream] = entry(firehose, 'AWS::KinesisFirehose::DeliveryStream')
    return { handle, execution, asked, condition, waiting, after: [DependsOn].flat(), stream, firehose }
  }
  const gate = gateOf()
  const ids = ({ handle, execution, condition }: typeof gate) => [handle, execution, condition]

  test('starts an execution with the handle, and the stream waits for the condition that it signals', () => {
    expect(gate.asked).toMatchObject({
      ServiceToken: 'arn:aws:lambda:us-east-1:111122223333:function:aurora-cdc-gate',
      ServiceTimeout: '300',
      StateMachineArn: 'arn:aws:states:us-east-1:111122223333:stateMachine:aurora-cdc-provisioning',
      Handle: { Ref: gate.handle },
    })
    expect(gate.waiting).toEqual({ Handle: { Ref: gate.handle }, Timeout: '14400', Count: 1 })
    expect(gate.after).toContain(gate.execution)
    expect([gate.stream.DependsOn].flat()).toContain(gate.condition)
  })

  const tables = (names: string[]) => ({
    tables: names.map((name) => ({ schema: 'public', name, columns: [{ name: 'id', type: 'integer' }], primaryKey: ['id'] })),
  })

  test.each<[string, object, unknown]>([
    ['another table', localDeployment, tables(['one', 'two'])],
    ['another table bucket', { ...localDeployment, tableBucket: { name: 'other-tables' } }, tables(['one'])],
    ['another start', { ...localDeployment, readFrom: '2026-01-31T12:00:00Z' }, tables(['one'])],
  ])('is a new one for %s, because a wait condition waits at its creation only', (_what, deployment, declared) => {
    const before = ids(gateOf(localDeployment, tables(['one'])))
    const after = ids(gateOf(deployment, declared))
    expect(after.filter((id) => before.includes(id))).toEqual([])
  })

  test('stays for what Firehose does not check', () => {
    const other: JsonObject = { ...localDeployment, buffering: { intervalSeconds: 300 }, logRetentionDays: 7 }
    expect(ids(gateOf(other))).toEqual(ids(gate))
  })
})
