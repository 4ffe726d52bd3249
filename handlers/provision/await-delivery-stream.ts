import { type DeliveryStreamDescription, DescribeDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { isServiceException } from './aws-errors.ts'
import { type StepPlace, stepHandler } from './step.ts'

/** What AWS has one look at where a stream from MSK is not created. https://docs.aws.amazon.com/firehose/latest/dev/msk_troubleshooting.html */
const creationChecks =
  'Look whether the cluster is ACTIVE with multi-VPC connectivity (IAM) on, whether its policy lets firehose.amazonaws.com create VPC connections, whether the role may read the topic, ' +
  'and whether the brokers admit ports 14001 to 14100. Then delete the stack CdcFirehose, deploy it again and redrive the execution.'
/** The same for a stream that is suspended. */
const suspensionChecks =
  'Look whether the cluster is ACTIVE and whether the topic exists: once it was deleted and created again, the stream has to be made anew as well ' +
  '(delete the stack CdcFirehose, deploy it again). Then redrive the execution.'

const firehose = new FirehoseClient(clientSettings)
export const handler = stepHandler('await-delivery-stream', awaitDeliveryStream)

/** Whether the delivery stream is ACTIVE. @throws PipelineError `DeliveryStreamMissing`, `DeliveryStreamFailed` */
export async function awaitDeliveryStream(request: StepRequest, { plan, now }: Pick<StepPlace, 'plan' | 'now'>): Promise<StepAnswer> {
  const name = plan.deliveryStream
  const stream = await describe(name)
  if (!stream)
    throw new PipelineError(
      'DeliveryStreamMissing',
      `There is no delivery stream ${name}: deploy the stack CdcFirehose, then redrive the execution.`,
    )
  const status: string = stream.DeliveryStreamStatus ?? 'unknown'
  if (status === 'ACTIVE') return ready(request, now(), { seen: `the delivery stream ${name} is ACTIVE` })
  if (status !== 'CREATING') {
    const { Type: type, Details: details } = stream.FailureDescription ?? {}
    const reason = [type, details].filter(Boolean).join(': ')
    throw new PipelineError(
      'DeliveryStreamFailed',
      `The delivery stream ${name} is ${status}${reason && ` (${reason})`}. ${advice(status)}`,
    )
  }
  return notYet(request, now(), {
    what: `Creating the delivery stream ${name}`,
    seen: status,
    usual: '1 to 10 min are usual',
    limitMinutes: 60,
    remedy: creationChecks,
  })
}

async function describe(name: string): Promise<DeliveryStreamDescription | undefined> {
  try {
    const { DeliveryStreamDescription: stream } = await firehose.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName: name }))
    return stream
  } catch (error) {
    if (isServiceException(error) && error.name === 'ResourceNotFoundException') return undefined
    throw error
  }
}

function advice(status: string): string {
  if (status === 'CREATING_FAILED') return creationChecks
  if (status.startsWith('DELETING')) return 'Wait until it is gone, deploy the stack CdcFirehose again, then redrive the execution.'
  // The troubleshooting guide knows SUSPENDED; the API's list of states does not have it.
  return suspensionChecks
}
