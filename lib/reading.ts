import type { Stack } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Deployment } from '../pipeline/deployment.ts'
import { glueArns, glueTablesArn, tableBucketArn } from './arns.ts'
import { decryptData } from './keys.ts'

type Tables = Pick<Deployment, 'tableBucket' | 'namespace' | 'kmsKey'>

/** What a query of the Iceberg tables needs, whoever governs the catalog. https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-integrating-athena.html */
export function readTables(stack: Stack, { tableBucket, namespace, kmsKey }: Tables): PolicyStatement[] {
  const bucketArn = tableBucketArn(stack, tableBucket.name)
  return [
    new PolicyStatement({
      actions: ['s3tables:GetNamespace', 's3tables:GetTableBucket', 's3tables:ListNamespaces', 's3tables:ListTables'],
      resources: [bucketArn],
    }),
    new PolicyStatement({
      actions: ['s3tables:GetTable', 's3tables:GetTableData', 's3tables:GetTableMetadataLocation'],
      resources: [`${bucketArn}/table/*`],
    }),
    new PolicyStatement({
      actions: ['glue:GetCatalog', 'glue:GetDatabase', 'glue:GetDatabases', 'glue:GetTable', 'glue:GetTables'],
      resources: glueArns(stack, tableBucket.name, namespace.name),
    }),
    // Where Lake Formation governs the catalog it hands out the credentials for the data; the action has no resources.
    new PolicyStatement({ actions: ['lakeformation:GetDataAccess'], resources: ['*'] }),
    ...decryptData(kmsKey),
  ]
}

/** Why {@link readTables} has wildcards. */
export function readTablesWildcards(stack: Stack, { tableBucket, namespace }: Tables): [string, string][] {
  return [
    [`${tableBucketArn(stack, tableBucket.name)}/table/*`, 'S3 Tables draws the id in the ARN of a table'],
    [glueTablesArn(stack, tableBucket.name, namespace.name), 'All tables of the one namespace'],
    ['*', 'lakeformation:GetDataAccess has no resource-level permissions'],
  ]
}
