interface Unused {
  /** Without the deployment's name and the Region. */
  readonly roles: 'every function' | readonly string[]
  readonly actions: readonly string[]
  readonly why: string
}

const querying = ['await-canary', 'await-row-counts', 'ensure-vanished-removed']

/** Actions that a full local run does not use, and why the roles have them. Any other one is needed: taken away, the run fails. */
export const unused: readonly Unused[] = [
  {
    roles: 'every function',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    why: 'Lambda runs a function whose logs it may not write, at AWS too: what is lost is the log',
  },
  {
    roles: ['connect', 'firehose'],
    actions: [
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSecurityGroups',
      'ec2:DescribeSubnets',
      'ec2:DescribeVpcs',
    ],
    why: 'of the published examples; there is no network here, and no document says what the services do in the role and what in their own',
  },
  {
    roles: ['connect'],
    actions: ['s3:GetObject'],
    why: 'of the published examples; the published plugin is a file here',
  },
  {
    roles: ['connect'],
    actions: ['kafka-cluster:DescribeCluster', 'kafka-cluster:WriteDataIdempotently'],
    why: "documented for MSK's IAM access control; Kafka's own authorizer does not ask for them, and Kafka Connect's producers are not idempotent by default",
  },
  {
    roles: querying,
    actions: [
      'glue:GetDatabases',
      'glue:GetTables',
      's3:AbortMultipartUpload',
      's3:ListBucket',
      's3:ListBucketMultipartUploads',
      's3:ListMultipartUploadParts',
      's3tables:GetNamespace',
      's3tables:GetTableBucket',
      's3tables:ListNamespaces',
      's3tables:ListTables',
    ],
    why: 'documented for Athena as a whole; which of them a small query needs is not',
  },
  {
    roles: ['ensure-vanished-removed'],
    actions: ['lakeformation:GetDataAccess'],
    why: 'where Lake Formation governs the catalog: the recorded run of that removes no rows',
  },
  {
    roles: ['await-canary'],
    actions: ['cloudwatch:GetMetricData'],
    why: 'names the hop at which a canary row was last seen, when it does not arrive',
  },
  {
    roles: ['await-connector'],
    actions: ['kafkaconnect:DescribeConnectorOperation', 'logs:FilterLogEvents'],
    why: 'of an update that is under way, and of a connector that failed',
  },
  {
    roles: ['ensure-connector'],
    actions: [
      'ec2:DeleteNetworkInterface',
      'kafkaconnect:DeleteConnector',
      'kafkaconnect:DeleteCustomPlugin',
      'kafkaconnect:DeleteWorkerConfiguration',
      'kafkaconnect:DescribeConnectorOperation',
      'kafkaconnect:ListConnectorOperations',
      'kafkaconnect:UpdateConnector',
      'logs:DeleteLogDelivery',
    ],
    why: 'for a connector that differs from the wanted one, and for plugins and worker configurations that were replaced',
  },
  {
    roles: ['ensure-topic'],
    actions: ['kafka-cluster:AlterTopic', 'kafka-cluster:AlterTopicDynamicConfiguration', 'kafka:DescribeClusterV2', 'kafka:UpdateTopic'],
    why: 'for a topic that exists with other settings, and for a cluster that takes no topic operations',
  },
  {
    roles: ['ensure-vpc-connectivity'],
    actions: ['kafka:DescribeClusterOperationV2'],
    why: 'for an update of the cluster that is under way already',
  },
  {
    roles: ['ensure-no-policy'],
    actions: ['kafka:PutClusterPolicy'],
    why: 'for a policy that holds statements of others',
  },
  {
    roles: ['ensure-no-offsets-topic', 'ensure-slot-forgotten'],
    actions: ['kafka:DescribeClusterV2'],
    why: 'for a cluster that takes no topic operations',
  },
  {
    roles: ['gate'],
    actions: ['states:DescribeExecution'],
    why: 'for an execution that exists already',
  },
  {
    roles: ['gate'],
    actions: ['states:StopExecution'],
    why: 'when the stack is deleted',
  },
]
