import { z } from 'zod'
import { localDefinition } from '../../workflow/definition.ts'
import { isObject, type Json } from '../json.ts'
import { parseProperties, type ResourceContext, type ResourceProvider, refused, tags } from '../provider.ts'
import { checkRoleMay, checkServiceRole } from './service-role.ts'

/** https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const definitionLimitBytes = 1_048_576

/** What a role needs for logs. https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html */
const logDeliveryActions = [
  'logs:CreateLogDelivery',
  'logs:GetLogDelivery',
  'logs:UpdateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:DescribeResourcePolicies',
  'logs:DescribeLogGroups',
]

const machineShape = z.strictObject({
  StateMachineName: z
    .string()
    .regex(/^[^\s<>{}[\]?*"#%\\^|~`$&,;:/]{1,80}$/)
    .optional(),
  // An EXPRESS one cannot be redriven, and ends after five minutes.
  StateMachineType: z.enum(['STANDARD']).default('STANDARD'),
  RoleArn: z.string(),
  DefinitionString: z.string().max(definitionLimitBytes),
  LoggingConfiguration: z
    .strictObject({
      Level: z.enum(['ALL', 'ERROR', 'FATAL', 'OFF']),
      IncludeExecutionData: z.boolean().optional(),
      Destinations: z
        .array(z.strictObject({ CloudWatchLogsLogGroup: z.strictObject({ LogGroupArn: z.string().regex(/:\*$/, 'must end with :*') }) }))
        .max(1)
        .optional(),
    })
    .optional(),
  TracingConfiguration: z.strictObject({ Enabled: z.boolean() }).optional(),
  Tags: tags,
})

/** A state machine as a record: its executions are run by its definition as it stands here. */
export const stateMachine: ResourceProvider = {
  type: 'AWS::StepFunctions::StateMachine',
  replacedBy: ['StateMachineName', 'StateMachineType'],
  identify({ StateMachineName }, context) {
    const name = typeof StateMachineName === 'string' ? StateMachineName : context.generatedName.slice(-80)
    const arn = context.account.arn('states', `stateMachine:${name}`)
    return { physicalId: arn, arn, attributes: { Arn: arn, Name: name } }
  },
  async check(properties, context) {
    const { RoleArn, DefinitionString, LoggingConfiguration } = parseProperties(machineShape, properties, context)
    checkServiceRole(RoleArn, 'states.amazonaws.com', context)
    const definition = parseDefinition(DefinitionString, context)
    if (!isObject(definition)) throw refused(context, "Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: not an object'")
    // Whatever the interpreter would not understand is told now rather than in the middle of an execution.
    localDefinition(definition, 1)
    for (const { CloudWatchLogsLogGroup } of LoggingConfiguration?.Destinations ?? [])
      if (context.account.findByArn(CloudWatchLogsLogGroup.LogGroupArn)?.type !== 'AWS::Logs::LogGroup')
        throw refused(context, `The log destination does not exist: ${CloudWatchLogsLogGroup.LogGroupArn}`)
    if (LoggingConfiguration && LoggingConfiguration.Level !== 'OFF') {
      checkRoleMay(RoleArn, logDeliveryActions, '*', 'The state machine IAM Role is not authorized to access the Log Destination', context)
    }
  },
}

function parseDefinition(text: string, context: ResourceContext): Json {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refused(context, `Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: ${String(error)}'`)
  }
}
