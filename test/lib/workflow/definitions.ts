import { getLanguageService, TextDocument } from 'amazon-states-language-service'
import validate from 'asl-validator'
import { provisioningDefinition } from '../../../lib/workflow/provisioning.ts'
import type { Definition, State, States } from '../../../lib/workflow/states.ts'
import { teardownDefinition } from '../../../lib/workflow/teardown.ts'

export const functionArn = (step: string) => `arn:aws:lambda:us-east-1:111122223333:function:aurora-cdc-${step}`

/** Every definition, with a name. */
export const definitions = [
  ['provisioning', provisioningDefinition(functionArn, 60)],
  ['teardown', teardownDefinition(functionArn)],
] as const

export interface Place {
  readonly name: string
  readonly state: State
  /** What is beside it: a branch of a Parallel is a machine of its own. */
  readonly beside: States
}

/** Every state, those of branches included. */
export function places(states: States): Place[] {
  return Object.entries(states).flatMap(([name, state]) => [
    { name, state, beside: states },
    ...(state.Type === 'Parallel' ? state.Branches.flatMap((branch) => places(branch.States)) : []),
  ])
}

export function onward(state: State): string[] {
  if (state.Type === 'Choice') return [...state.Choices.map(({ Next }) => Next), state.Default]
  return 'Next' in state ? [state.Next] : []
}

/** What both validators say of a definition. */
export async function faults(machine: Definition): Promise<string[]> {
  const service = getLanguageService({})
  const document = TextDocument.create('file:///definition.asl.json', 'json', 1, JSON.stringify(machine))
  const found = await service.doValidation(document, service.parseJSONDocument(document))
  return [
    ...found.map(({ message }) => (typeof message === 'string' ? message : message.value)),
    ...validate(structuredClone(machine)).errors.map((error) => JSON.stringify(error)),
  ]
}
