import { PipelineError } from '../../pipeline/errors.ts'
import type { ExecutionContext, StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { putMessage } from '../presigned-url.ts'
import { type StepPlace, stepHandler } from './step.ts'

/** What a wait condition is told. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html */
export function successSignal({ Id, Name }: Pick<ExecutionContext, 'Id' | 'Name'>) {
  return { Status: 'SUCCESS', Reason: 'A delivery stream can be created', UniqueId: Name, Data: Id } as const
}

export const handler = stepHandler('signal-delivery-ready', signalDeliveryReady)

/** Tells whoever waits that a delivery stream can be created. Said twice it counts once: the id of the signal is the same. */
export async function signalDeliveryReady(request: StepRequest, { now }: Pick<StepPlace, 'now'>): Promise<StepAnswer> {
  const { signal } = request.request
  if (signal === null) return ready(request, now(), { seen: 'nobody waits for a signal' })
  const outcome = await putMessage(signal.url, successSignal(request.execution)).catch((error: unknown) => {
    throw new PipelineError(
      'AwsUnavailable',
      `The wait condition could not be signalled: ${error instanceof Error ? error.message : 'unknown'}`,
    )
  })
  // A redrive may come after CloudFormation gave up, and the stack is gone; what was prepared stays.
  if (outcome === 'gone') return ready(request, now(), { seen: 'CloudFormation does not wait any more' })
  return ready(request, now(), { seen: 'CloudFormation was told', did: ['told CloudFormation that a delivery stream can be created'] })
}
