import { createHash } from 'node:crypto'
import { gateExecutionPrefix } from '../../pipeline/provisioning.ts'

/** The execution of a wait condition's handle: another handle, another name, so that starting it twice starts it once. */
export function gateExecutionName(handleUrl: string): string {
  return `${gateExecutionPrefix}${createHash('sha256').update(handleUrl).digest('hex').slice(0, 24)}`
}

/** `arn:…:execution:<state machine>:<name>` */
export function executionArn(stateMachineArn: string, name: string): string {
  return `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`
}
