import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StepPlace } from '../../../handlers/provision/step.ts'
import { parseDeployment } from '../../../pipeline/deployment.ts'
import type { StepAnswer, StepRequest } from '../../../pipeline/provisioning.ts'
import { provisioningPlan } from '../../../pipeline/provisioning-plan.ts'
import { capturedTables, parseTables } from '../../../pipeline/tables.ts'

const readJson = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', '..', name), 'utf8'))

/** When steps are asked. */
export const now = new Date('2026-11-22T12:00:00.000Z')

export const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000)

export const clusterArn = 'arn:aws:kafka:us-east-1:111122223333:cluster/aurora-cdc/8a3d4f2e-1111-4222-8333-444455556666-5'

/** The plan of the local run's deployment, and ARNs as AWS draws them. */
export const place: StepPlace = {
  plan: provisioningPlan(parseDeployment(readJson('local/deployment.json')), capturedTables(parseTables(readJson('tables.json')))),
  environment: { clusterArn, pluginArn: 'plugin', workerConfigurationArn: 'worker-configuration', workerSecurityGroup: 'sg-1' },
  now: () => now,
  log: { info: () => {}, warn: () => {} },
}

/** What the state machine asks with: the first time, or again after an answer. */
export function asked<Answer extends StepAnswer>(previous: Answer | null = null): StepRequest<object, Answer> {
  return {
    execution: {
      Id: 'arn:aws:states:us-east-1:111122223333:execution:provisioning:run',
      Name: 'run',
      StartTime: minutesAgo(60).toISOString(),
    },
    request: { until: 'Verified', signal: null, resync: [], recover: null },
    previous,
    parameters: {},
  }
}

/** An answer of before, given that many minutes ago and since. */
export function waitedFor(minutes: number): StepAnswer {
  return { ready: false, seen: 'something', since: minutesAgo(minutes).toISOString(), did: [], already: [] }
}
