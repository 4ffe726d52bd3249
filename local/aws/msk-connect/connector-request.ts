import { z } from 'zod'

const provisioned = z.strictObject({ mcuCount: z.literal([1, 2, 4, 8]), workerCount: z.int().min(1).max(10) })

/** Autoscaling sets `tasks.max`, which Debezium cannot follow, and is not offered here. */
export const capacityShape = z.strictObject({ provisionedCapacity: provisioned })

/** https://docs.aws.amazon.com/MSKC/latest/mskc/API_CreateConnector.html */
export const connectorRequest = z.strictObject({
  connectorName: z.string().regex(/^[a-zA-Z0-9-]{1,128}$/),
  connectorDescription: z.string().max(1024).optional(),
  capacity: capacityShape,
  connectorConfiguration: z.record(z.string(), z.string()),
  kafkaCluster: z.strictObject({
    apacheKafkaCluster: z.strictObject({
      bootstrapServers: z.string().min(1),
      vpc: z.strictObject({ subnets: z.array(z.string()).min(1), securityGroups: z.array(z.string()).min(1) }),
    }),
  }),
  kafkaClusterClientAuthentication: z.strictObject({ authenticationType: z.enum(['NONE', 'IAM']) }),
  kafkaClusterEncryptionInTransit: z.strictObject({ encryptionType: z.enum(['PLAINTEXT', 'TLS']) }),
  kafkaConnectVersion: z.enum(['2.7.1', '3.7.x']),
  logDelivery: z
    .strictObject({
      workerLogDelivery: z.strictObject({ cloudWatchLogs: z.strictObject({ enabled: z.boolean(), logGroup: z.string().optional() }) }),
    })
    .optional(),
  plugins: z.array(z.strictObject({ customPlugin: z.strictObject({ customPluginArn: z.string(), revision: z.int() }) })).length(1),
  serviceExecutionRoleArn: z.string().startsWith('arn:'),
  workerConfiguration: z.strictObject({ workerConfigurationArn: z.string(), revision: z.int() }).optional(),
  tags: z.record(z.string(), z.string()).optional(),
})

export type ConnectorRequest = z.output<typeof connectorRequest>
