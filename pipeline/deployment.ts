import { z } from 'zod'
import { declarationFaults } from './declaration-faults.ts'
import { type Deployment, deploymentShape } from './deployment-file.ts'
import { PipelineError } from './errors.ts'

export type { Deployment } from './deployment-file.ts'

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

/** The name of a secret from its whole ARN: Secrets Manager adds a hyphen and six characters. */
export function secretName(arn: string): string {
  return arn.replace(/^(?:[^:]*:){6}/, '').replace(/-[A-Za-z0-9]{6}$/, '')
}
