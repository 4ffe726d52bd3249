import { readFileSync } from 'node:fs'
import { type Deployment, parseDeployment } from '../../pipeline/deployment.ts'
import { PipelineError } from '../../pipeline/errors.ts'

/**
 * The deployment that a file declares.
 * @throws PipelineError `InvalidDeployment`
 */
export function readDeployment(file: string): Deployment {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read'
    throw new PipelineError('InvalidDeployment', `${file} ${reason} (${String(cause)}): correct it, or name another deployment.`, { cause })
  }
  return parseDeployment(json, file)
}
