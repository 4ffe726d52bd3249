import type { AwsEndpoint } from '../../../local/aws/endpoint.ts'
import type { AccountEffects } from '../../../local/cloudformation/effects.ts'
import { isObject, type Json, scalarText } from '../../../local/cloudformation/json.ts'

/** Effects of an account whose gate lets every deployment pass, once what Firehose needs is done: in place of the function and of its execution. */
export function openGate(endpoint: AwsEndpoint, prepare: () => Promise<void>): AccountEffects {
  return {
    callback: () => endpoint.callback(),
    async invoke(functionArn, event) {
      if (!isObject(event) || !functionArn.endsWith('-gate')) throw new Error(`${functionArn} is not the gate`)
      const { RequestType, ResponseURL, StackId, RequestId, LogicalResourceId, ResourceProperties } = event
      const about = { StackId, RequestId, LogicalResourceId }
      await put(ResponseURL, { Status: 'SUCCESS', PhysicalResourceId: 'the execution', ...about })
      if (RequestType !== 'Delete' && isObject(ResourceProperties)) {
        await prepare()
        await put(ResourceProperties.Handle, { Status: 'SUCCESS', Reason: 'ready', UniqueId: 'the execution', Data: '' })
      }
      return { ok: true, payload: 'null' }
    },
  }
}

async function put(url: Json | undefined, message: object): Promise<void> {
  const { status } = await fetch(scalarText(url), { method: 'PUT', body: JSON.stringify(message) })
  if (status !== 200) throw new Error(`the URL answered with ${status}`)
}
