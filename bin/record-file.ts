import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { Deployment } from '../pipeline/deployment.ts'
import { deploymentRecord, parseDeploymentRecord, refuseReplacements } from '../pipeline/deployment-record.ts'
import { PipelineError } from '../pipeline/errors.ts'
import type { CapturedTable } from '../pipeline/tables.ts'

/** `prod.lock.json` for `prod.json`. */
export function recordFile(deploymentFile: string): string {
  return `${deploymentFile.replace(/\.json$/, '')}.lock.json`
}

/**
 * Holds a deployment against the record of what was synthesized for it before.
 * @param tell is told of a record that begins: in a new clone of a deployment that is there already it is missing rather than new
 * @returns writes the record of this synthesis, for when it has succeeded; a record that says so already stays as it is
 * @throws PipelineError `InvalidTables`, `InvalidDeployment`
 */
export function checkRecord(
  file: string,
  deployment: Deployment,
  tables: readonly CapturedTable[],
  tell: (line: string) => void,
): () => void {
  const now = deploymentRecord(deployment, tables)
  const text = `${JSON.stringify(now, null, 2)}\n`
  if (!existsSync(file)) {
    return () => {
      write(file, text)
      tell(
        `${relative('.', file)} begins the record of what is synthesized for this deployment: commit it beside the deployment file. If the deployment is there already, take its record from version control instead.`,
      )
    }
  }
  const written = readFileSync(file, 'utf8')
  refuseReplacements(parseDeploymentRecord(readJson(written, file), relative('.', file)), now, deployment, relative('.', file))
  return () => {
    if (written !== text) write(file, text)
  }
}

function write(file: string, text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

function readJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PipelineError('InvalidDeployment', `${relative('.', file)} is not JSON: take it from version control again`, { cause })
  }
}
