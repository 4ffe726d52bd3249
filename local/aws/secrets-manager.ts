import { z } from 'zod'
import { AwsError, type AwsService, json, notImplemented } from './endpoint.ts'

const getSecretValue = z.object({ SecretId: z.string() })

export interface Secret {
  readonly name: string
  readonly arn: string
  readonly value: Readonly<Record<string, string>>
}

/** AWS Secrets Manager's GetSecretValue (JSON 1.1) for these secrets, by name or ARN. */
export function secretsManager(secrets: readonly Secret[]): AwsService {
  return ({ operation, body, authorize }) => {
    if (operation !== 'GetSecretValue') throw notImplemented('secretsmanager', operation ?? 'a request without an operation')
    const { SecretId } = getSecretValue.parse(JSON.parse(body))
    const secret = secrets.find(({ name, arn }) => name === SecretId || arn === SecretId)
    // A secret that is not there is not told from one that the caller may not see.
    authorize('secretsmanager:GetSecretValue', secret?.arn ?? SecretId)
    if (!secret) throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.")
    return json({
      ARN: secret.arn,
      Name: secret.name,
      SecretString: JSON.stringify(secret.value),
      VersionId: '00000000-0000-4000-8000-000000000001',
      VersionStages: ['AWSCURRENT'],
      CreatedDate: 0,
    })
  }
}
