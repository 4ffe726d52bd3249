import { z } from 'zod'
import { consistencyFaults } from './deployment-consistency.ts'
import { defaultNamespace } from './names.ts'

const text = (pattern: RegExp, allowed: string) => z.string(allowed).regex(pattern, allowed).describe(allowed)
const whole = (minimum: number, maximum: number, unit: string) => {
  const allowed = `a whole number from ${minimum} to ${maximum} (${unit})`
  return z.int(allowed).min(minimum, allowed).max(maximum, allowed).describe(allowed)
}
const flag = (description: string) => z.boolean('true or false').default(true).describe(description)

/** An ARN of a service in any partition; `resource` is what follows the account. */
const arn = (service: string, resource: string, allowed: string) =>
  text(new RegExp(`^arn:aws(-cn|-us-gov)?:${service}:[a-z0-9-]*:\\d{12}:${resource}$`), allowed)

const securityGroup = text(/^sg-[0-9a-f]{8,17}$/, 'the id of a security group, such as "sg-0123456789abcdef0"')

// Kafka Connect's placeholders end at ":" and "}", so a name with one of them could not stand there; Secrets Manager has no such names.
const secret = arn(
  'secretsmanager',
  'secret:[A-Za-z0-9/_+=.@!-]{1,512}-[A-Za-z0-9]{6}',
  'the whole ARN of a secret, with the six characters at its end, such as "arn:aws:secretsmanager:eu-central-1:111122223333:secret:debezium-AbCdEf"',
)
const key = arn('kms', 'key/[0-9a-zA-Z-]+', 'the ARN of a KMS key, such as "arn:aws:kms:eu-central-1:111122223333:key/…"')

const network = z.strictObject({
  vpc: text(/^vpc-[0-9a-f]{8,17}$/, 'the id of a VPC, such as "vpc-0123456789abcdef0"'),
  cidrs: z
    .array(text(/^(?!0\.0\.0\.0)\d{1,3}(\.\d{1,3}){3}\/(1[6-9]|2[0-8])$/, 'an IPv4 block of the VPC, of /16 to /28, such as "10.0.0.0/16"'))
    .min(1, "at least one IPv4 block: the VPC's, from which PrivateLink's addresses are taken")
    .describe("The VPC's IPv4 blocks, from which PrivateLink's addresses are taken"),
  subnets: z
    .array(text(/^subnet-[0-9a-f]{8,17}$/, 'the id of a private subnet, such as "subnet-0123456789abcdef0"'))
    .min(2, 'two or three subnets, each in an availability zone of its own')
    .max(3, 'two or three subnets, each in an availability zone of its own')
    .describe('Two or three private subnets, each in an availability zone of its own'),
})

const aurora = z.strictObject({
  clusterIdentifier: text(
    /^[a-z]([a-z0-9]|-(?!-))*[a-z0-9]$/,
    'the identifier of the Aurora cluster: lower-case letters, digits and hyphens, starting with a letter',
  ),
  endpoint: text(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "the host name of the cluster's writer endpoint"),
  port: whole(1, 65535, 'TCP port').default(5432),
  database: text(/^[^<>"\s\0]{1,63}$/, 'the name of the database whose tables are captured'),
  securityGroup: securityGroup.describe('The security group of the Aurora cluster'),
})

const secrets = z
  .strictObject({
    debezium: secret.describe("Secret with `username` and `password` of Debezium's user (flat JSON), by ARN"),
    preparation: secret.describe('Secret of the user who prepares the source and owns the tables, by ARN'),
    kmsKey: key.optional().describe('The KMS key of these secrets, where it is not the AWS managed one'),
  })
  .describe('Secrets of Secrets Manager, each by its whole ARN')

const tableBucket = z.strictObject({
  name: text(
    /^(?!xn--|sthree-|amzn-s3-demo-|aws)(?!.*(-s3alias|--ol-s3|--x-s3|--table-s3)$)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
    'the name of a table bucket: 3 to 63 lower-case letters, digits and hyphens, without the prefixes and suffixes that AWS reserves',
  ),
  create: flag('False: the table bucket is there already'),
})

const namespace = z
  .strictObject({
    name: text(
      /^(?!aws)[a-z0-9][a-z0-9_]{0,254}$/,
      'the name of a namespace: lower-case letters, digits and _, not starting with "aws"',
    ).default(defaultNamespace),
    create: flag('False: the namespace is there already'),
  })
  .prefault({})

const tables = z
  .strictObject({
    create: flag('False: every Iceberg table is there already, such as those that an earlier deployment left'),
    existing: z
      .array(text(/^[a-z0-9_]{1,255}$/, 'the name of an Iceberg table'))
      .default([])
      .describe('Iceberg tables that are there already; the others are created'),
  })
  .prefault({})
  .describe('The Iceberg tables of tables.json')

const kafka = z
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
    maximumStorageGiB: whole(1, 16384, 'GiB a broker').default(1000).describe('How far storage grows by itself. It never shrinks'),
    authentication: z
      .enum(['iam', 'unauthenticated'], '"iam" or "unauthenticated"')
      .default('iam')
      .describe('How the MSK Connect workers authenticate. Firehose uses IAM in any case'),
    retentionHours: whole(1, 8760, 'hours').default(168),
  })
  .prefault({})
  .describe('The MSK cluster')

const buffering = z
  .strictObject({
    sizeMiB: whole(1, 128, 'MiB').default(64),
    intervalSeconds: whole(0, 900, 'seconds').default(60),
  })
  .prefault({})
  .describe('When Firehose commits to the Iceberg tables: whichever comes first')

const transform = z
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
  .describe('The transform function and how Firehose invokes it')

const alarms = z
  .strictObject({
    topic: arn('sns', '[A-Za-z0-9_-]{1,256}', 'the ARN of an SNS topic').optional().describe('An SNS topic that is there already'),
    email: z.email('an e-mail address').optional().describe('An address that a new SNS topic writes to, once it has confirmed'),
  })
  .extend({
    runbook: text(/^[^<>\s]{1,200}$/, 'an address or path')
      .default('docs/runbook.md')
      .describe('Where the runbook is: alarms link to its headings'),
  })
  .prefault({})
  .describe('Where alarms go: to a topic of your own, or to a new one with or without a subscriber')

/** The shape of `deployment.json`. What the parts say about each other is in `deployment-consistency.ts`. */
export const deploymentShape = z
  .strictObject({
    $schema: z.string().optional().describe('Where the JSON Schema of this file is'),
    account: text(/^\d{12}$/, 'the 12 digits of an AWS account, in quotes'),
    region: text(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS Region, such as "eu-central-1"'),
    // The longest name with it is the error bucket's, which may have 63 characters.
    prefix: text(
      /^([a-z]([a-z0-9-]{0,10}[a-z0-9])?)?$/,
      'at most 12 lower-case letters, digits and hyphens, starting with a letter; "" for none',
    ).default(''),
    network,
    aurora,
    secrets,
    tableBucket,
    namespace,
    tables,
    errorBucket: z
      .strictObject({ create: flag('False: the error bucket is there already, left by an earlier deployment') })
      .prefault({})
      .describe('The bucket of change events that could not be applied'),
    creates: z
      .enum(['update', 'insert'], '"update" or "insert"')
      .default('update')
      .describe('What a created row is delivered as. "insert" is cheaper and leaves duplicates when a change event comes twice'),
    truncates: z
      .enum(['fail', 'drop'], '"fail" or "drop"')
      .default('fail')
      .describe('What becomes of a TRUNCATE: a named failure, or nothing; counted either way'),
    readFrom: z.iso
      .datetime({ offset: true, error: 'an instant, such as "2026-01-31T12:00:00Z"' })
      .optional()
      .describe('Where in the topic a new delivery stream starts. Default: at its earliest message'),
    buffering,
    transform,
    kafka,
    kmsKey: key
      .optional()
      .describe('KMS key that encrypts the tables, the error bucket and the brokers’ storage. Default: keys that AWS owns'),
    alarms,
    readers: z
      .array(arn('iam', 'role/[A-Za-z0-9+=,.@_/-]{1,512}', 'the ARN of a role, such as "arn:aws:iam::111122223333:role/analyst"'))
      .default([])
      .describe('Roles that may read the Iceberg tables; where Lake Formation governs the catalog they are granted SELECT'),
    lakeFormation: z
      .strictObject({
        addAdministrator: z
          .boolean('true or false')
          .default(false)
          .describe('True: the provisioning adds its granting role to the data lake administrators, where it is not one'),
      })
      .prefault({})
      .describe('Where Lake Formation governs the catalog'),
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
    tags: z
      .record(z.string(), z.string('a text').regex(/^[^<>]*$/, 'a text without < and >'))
      .default({})
      .describe('Tags of every resource'),
  })
  .superRefine(
    (value, context) => {
      for (const { path, input, allowed } of consistencyFaults(value)) context.addIssue({ code: 'custom', path, input, message: allowed })
    },
    { when: () => true },
  )

/** One deployment's settings, defaults filled in. */
export type Deployment = z.output<typeof deploymentShape>
