import { z } from 'zod'
import type { LocalFunction } from '../../lambda/function.ts'
import type { DeployedResource, LocalAccount } from '../account.ts'
import { scalarText } from '../json.ts'
import { parseProperties, type ResourceProvider, refused, tags } from '../provider.ts'
import { checkServiceRole } from './service-role.ts'

/** Of all environment variables together, names included: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const environmentLimitBytes = 4096

const functionShape = z.strictObject({
  FunctionName: z
    .string()
    .regex(/^[a-zA-Z0-9-_]{1,64}$/)
    .optional(),
  Description: z.string().max(256).optional(),
  Code: z.strictObject({ S3Bucket: z.string(), S3Key: z.string() }),
  Handler: z.string().regex(/^[^\s/]+\.[^\s.]+$/, '<file>.<export>'),
  Runtime: z.enum(['nodejs20.x', 'nodejs22.x', 'nodejs24.x']),
  Role: z.string(),
  Architectures: z
    .array(z.enum(['arm64', 'x86_64']))
    .length(1)
    .optional(),
  Timeout: z.int().min(1).max(900).default(3),
  MemorySize: z.int().min(128).max(10240).default(128),
  EphemeralStorage: z.strictObject({ Size: z.int().min(512).max(10240) }).optional(),
  Environment: z.strictObject({ Variables: z.record(z.string().regex(/^[a-zA-Z][a-zA-Z0-9_]+$/), z.string()).default({}) }).optional(),
  LoggingConfig: z
    .strictObject({
      LogGroup: z.string().optional(),
      LogFormat: z.enum(['Text', 'JSON']).optional(),
      ApplicationLogLevel: z.string().optional(),
      SystemLogLevel: z.string().optional(),
    })
    .optional(),
  ReservedConcurrentExecutions: z.int().min(0).optional(),
  TracingConfig: z.strictObject({ Mode: z.enum(['Active', 'PassThrough']) }).optional(),
  KmsKeyArn: z.string().optional(),
  Tags: tags,
})

/** A function whose code is run from its unpacked asset. */
export const lambdaFunction: ResourceProvider = {
  type: 'AWS::Lambda::Function',
  replacedBy: ['FunctionName'],
  identify(properties, context) {
    const { FunctionName, Code } = parseProperties(functionShape, properties, context)
    const name = FunctionName ?? context.generatedName.slice(-64)
    const arn = context.account.arn('lambda', `function:${name}`)
    const asset = context.asset(Code.S3Bucket, Code.S3Key)
    if (!asset || asset.packaging !== 'zip')
      throw refused(context, `S3 Error Code: NoSuchKey. The assembly publishes no archive to s3://${Code.S3Bucket}/${Code.S3Key}`)
    return { physicalId: name, arn, attributes: { Arn: arn }, local: { assetDirectory: context.account.publish(asset) } }
  },
  async check(properties, context) {
    const { Environment, Role } = parseProperties(functionShape, properties, context)
    const size = Buffer.byteLength(
      Object.entries(Environment?.Variables ?? {})
        .flat()
        .join(''),
    )
    if (size > environmentLimitBytes)
      throw refused(context, `Lambda was unable to configure your environment variables because they exceed the 4KB limit (${size} bytes)`)
    checkServiceRole(Role, 'lambda.amazonaws.com', context)
  },
}

/** A deployed function as the local Lambda runs it. */
export function localFunction({ physicalId, properties, local, stack, logicalId }: DeployedResource): LocalFunction {
  const { Handler, Environment, Timeout, MemorySize } = parseProperties(functionShape, properties, { stack, logicalId })
  return {
    functionName: physicalId,
    assetDirectory: scalarText(local.assetDirectory),
    handler: Handler,
    environment: Environment?.Variables ?? {},
    timeoutSeconds: Timeout,
    memoryMiB: MemorySize,
  }
}

/** Every deployed function by its ARN. */
export function localFunctions(account: LocalAccount): Record<string, LocalFunction> {
  return Object.fromEntries(
    account.find('AWS::Lambda::Function').map((resource) => [resource.arn ?? resource.physicalId, localFunction(resource)]),
  )
}
