import { readAssembly } from '../cloudformation/assembly.ts'
import { deployAssembly } from '../cloudformation/deploy.ts'
import type { LocalAws } from './local-aws.ts'
import { type ExecutionAudience, watchExecutions } from './provisioning.ts'

export interface DeployedWith {
  readonly audience: ExecutionAudience
  readonly signal: AbortSignal
  /** Told after each stack. */
  readonly onStack: () => void
}

/**
 * Deploys all stacks onto this machine. The deployment runs the state machine itself, up to where a delivery stream can be created; that is told, too.
 * @throws PipelineError `DeploymentRefused`, `TemplateNotUnderstood`
 */
export async function deployStacks(aws: LocalAws, cdkOut: string, { audience, signal, onStack }: DeployedWith): Promise<void> {
  const deployed = new AbortController()
  watchExecutions(aws, audience, AbortSignal.any([deployed.signal, signal]))
  try {
    await deployAssembly(readAssembly(cdkOut), aws.account, undefined, (event) => {
      audience.say(`${event.stack} ${event.action}`)
      if (event.kind === 'stack' && event.action === 'deployed') onStack()
    })
  } finally {
    deployed.abort()
  }
}
