import type { Stack } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'

/** Reading secrets that are encrypted with a key, through Secrets Manager only; nothing where there is no key. */
export function decryptSecrets(stack: Stack, key: string | undefined): PolicyStatement[] {
  if (key === undefined) return []
  const conditions = { StringEquals: { 'kms:ViaService': `secretsmanager.${stack.region}.${stack.urlSuffix}` } }
  return [new PolicyStatement({ actions: ['kms:Decrypt'], resources: [key], conditions })]
}

/** Reading what is encrypted with the deployment's key; nothing where there is none. */
export function decryptData(key: string | undefined): PolicyStatement[] {
  return key === undefined ? [] : [new PolicyStatement({ actions: ['kms:Decrypt'], resources: [key] })]
}

/** Reading and writing what is encrypted with the deployment's key; nothing where there is none. */
export function encryptData(key: string | undefined): PolicyStatement[] {
  return key === undefined ? [] : [new PolicyStatement({ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [key] })]
}
