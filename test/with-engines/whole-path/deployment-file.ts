import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkoutDirectory } from '../../../local/engines/paths.ts'

/** A copy of the local run's deployment with other settings; answers the file. */
export function deploymentFile(folder: string, settings: object): string {
  const standard: object = JSON.parse(readFileSync(join(checkoutDirectory, 'local', 'deployment.json'), 'utf8'))
  const { $schema: _, ...deployment } = { $schema: '', ...standard, ...settings }
  const file = join(folder, 'deployment.json')
  writeFileSync(file, JSON.stringify(deployment))
  return file
}
