import { z } from 'zod'
import { declarationFaults } from './declaration-faults.ts'
import { PipelineError } from './errors.ts'
import { defaultNamespace } from './names.ts'

const text = (pattern: RegExp, allowed: string) => z.string(allowed).regex(pattern, allowed).describe(allowed)
const whole = (minimum: number, maximum: number, unit: string) => {
  const allowed = `a whole number from ${minimum} to ${maximum} (${unit})`
  return z.int(allowed).min(minimum, allowed).max(maximum, allowed).describe(allowed)
}

const securityGroup = text(/^sg-[0-9a-f]{8,17}$/, 'the id of a security group, such as "sg-0123456789abcdef0"')

const deploymentShape = z
  .strictObject({
    $schema: z.string().optional().describe('Where the JSON Schema of this file is'),
    account: text(/^\d{12}$/, 'the 12 digits of an AWS account, in quotes'),
    region: text(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS Region, such as "eu-central-1"'),
    // The longest name with it is the error bucket's, which may have 63 characters.
    prefix: text(
      /^([a-z]([a-z0-9-]{0,10}[a-z0-9])?)?$/,
      'at most 12 lower-case letters, digits and hyphens, starting with a letter; "" for none',
    ).default(''),
    network: z.strictObject({
      vpc: text(/^vpc-[0-9a-f]{8,17}$/, 'the id of a VPC, such as "vpc-0123456789abcdef0"'),
      cidrs: z
        .array(text(/^(?!0\.0\.0\.0)\d{1,3}(\.\d{1,3}){3}\/(1[6-9]|2[0-8])$/, 'an IPv4 block of the VPC, such as "10.0.0.0/16"'))
        .min(1, "at least one IPv4 block: the VPC's, from which PrivateLink's addresses are taken")
        .describe("The VPC's IPv4 blocks, from which PrivateLink's addresses are taken"),
      subnets: z
        .array(text(/^subnet-[0-9a-f]{8,17}$/, 'the id of a private subnet, such as "subnet-0123456789abcdef0"'))
        .min(2, 'two or three subnets, each in an availability zone of its own')
        .max(3, 'two or three subnets, each in an availability zone of its own')
        .describe('Two or three private subnets, each in an availability zone of its own'),
    }),
    aurora: z.strictObject({
      securityGroup: securityGroup.describe('The security group of the Aurora cluster'),
    }),
    tableBucket: z.strictObject({
      name: text(
        /^(?!xn--|sthree-|amzn-s3-demo-|aws)(?!.*(-s3alias|--ol-s3|--x-s3|--table-s3)$)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
        'the name of a table bucket: 3 to 63 lower-case letters, digits and hyphens, without the prefixes and suffixes that AWS reserves',
      ),
      create: z.boolean('true or false').default(true).describe('False: the table bucket is there already'),
    }),
    namespace: z
      .strictObject({
        name: text(
          /^(?!aws)[a-z0-9][a-z0-9_]{0,254}$/,
          'the name of a namespace: lower-case letters, digits and _, not starting with "aws"',
        ).default(defaultNamespace),
        create: z.boolean('true or false').default(true).describe('False: the namespace is there already'),
      })
      .prefault({}),
    creates: z
      .enum(['update', 'insert'], '"update" or "insert"')
      .default('update')
      .describe('What a created row is delivered as. "insert" is cheaper and leaves duplicates when a change event comes twice'),
    truncates: z
      .enum(['fail', 'drop'], '"fail" or "drop"')
      .default('fail')
      .describe('What becomes of a TRUNCATE: a named failure, or nothing; counted either way'),
    buffering: z
      .strictObject({
        sizeMiB: whole(1, 128, 'MiB').default(64),
        intervalSeconds: whole(0, 900, 'seconds').default(60),
      })
      .prefault({})
      .describe('When Firehose commits to the Iceberg tables: whichever comes first'),
    transform: z
      .strictObject({
        bufferMiB: z
          .number()
          .min(0.2, 'a number from 0.2 to 3 (MiB)')
          .max(3, 'a number from 0.2 to 3 (MiB)')
          .default(1)
          .describe('Bytes that one invocation is given (MiB)'),
        bufferIntervalSeconds: whole(0, 900, 'seconds').default(5),
        retries: whole(0, 300, 'retries after a failed invocation').default(3),
        memoryMiB: whole(128, 10240, 'MiB').default(1024),
        timeoutSeconds: whole(1, 300, 'seconds; Firehose waits no longer').default(60),
      })
      .prefault({})
      .describe('The transform function and how Firehose invokes it'),
    kafka: z
      .strictObject({
        version: text(/^\d+\.\d+\.(\d+|x)(\.kraft)?$/, 'a Kafka version of Amazon MSK, such as "3.9.x"').default('3.9.x'),
        brokerType: text(/^kafka\.[a-z0-9]+\.[a-z0-9]+$/, 'an MSK broker type, such as "kafka.m5.large"')
          .refine(
            (type) => !type.startsWith('kafka.t3.'),
            'not a kafka.t3 type, which has no multi-VPC connectivity: "kafka.m5.large" or larger',
          )
          .default('kafka.m5.large'),
        brokers: whole(2, 60, 'brokers').default(2),
        storageGiB: whole(1, 16384, 'GiB a broker').default(100),
        authentication: z
          .enum(['iam', 'unauthenticated'], '"iam" or "unauthenticated"')
          .default('iam')
          .describe('How the MSK Connect workers authenticate. Firehose uses IAM in any case'),
        retentionHours: whole(1, 8760, 'hours').default(168),
      })
      .prefault({})
      .describe('The MSK cluster'),
    logRetentionDays: z
      .literal(
        [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653],
        'a retention that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 180, 365 days, …',
      )
      .default(30),
    onDestroy: z
      .enum(['retain', 'delete'], '"retain" or "delete"')
      .default('retain')
      .describe('What becomes of tables and failed records when the stacks are destroyed. "delete" is for trials'),
    tags: z.record(z.string(), z.string('a text')).default({}).describe('Tags of every resource'),
  })
  .check(({ value, issues }) => {
    // https://docs.aws.amazon.com/msk/latest/developerguide/msk-create-cluster.html: brokers are spread evenly over the subnets.
    const { network, kafka } = value
    if (kafka.brokers % network.subnets.length !== 0) {
      issues.push({
        code: 'custom',
        path: ['kafka', 'brokers'],
        input: kafka.brokers,
        message: `a multiple of the number of subnets, which is ${network.subnets.length}`,
      })
    }
    for (const key of Object.keys(value.tags)) {
      if (/^aws:/i.test(key))
        issues.push({ code: 'custom', path: ['tags', key], input: value.tags[key], message: 'a name that does not start with "aws:"' })
    }
  })

/** One deployment's settings, defaults filled in. */
export type Deployment = z.output<typeof deploymentShape>

/** The JSON Schema (draft 2020-12) of a deployment file, generated from what validates. */
export function deploymentJsonSchema(): object {
  return { title: 'A deployment of aurora-cdc-s3-tables', ...z.toJSONSchema(deploymentShape, { io: 'input' }) }
}

/**
 * A deployment from the JSON of its file.
 * @throws PipelineError `InvalidDeployment` with every fault, one a line: its path, what was found, what is allowed.
 */
export function parseDeployment(json: unknown, where = 'deployment.json'): Deployment {
  const parsed = deploymentShape.safeParse(json, { reportInput: true })
  if (parsed.success) return parsed.data
  const faults = declarationFaults(deploymentShape, parsed.error)
  throw new PipelineError(
    'InvalidDeployment',
    `${where} has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n  ${faults.join('\n  ')}`,
  )
}
