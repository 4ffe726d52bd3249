import { readFileSync } from 'node:fs'
import { provisioningDefinition } from '../../lib/workflow/provisioning.ts'
import { isObject } from '../../local/cloudformation/json.ts'

/** Names of the Task states of a machine, those of its branches included. */
function taskNames(machine: unknown): string[] {
  if (!isObject(machine) || !isObject(machine.States)) throw new Error('no state machine')
  return Object.entries(machine.States).flatMap(([name, state]) => {
    if (!isObject(state)) return []
    const branches = Array.isArray(state.Branches) ? state.Branches.flatMap(taskNames) : []
    return state.Type === 'Task' ? [name, ...branches] : branches
  })
}

test('the transcript of provisioning tells of the states that there are: npm run transcript writes it anew', () => {
  const tasks = taskNames(provisioningDefinition((step) => `arn:${step}`, 60))
  const transcript = readFileSync('docs/provisioning.txt', 'utf8')
  const told = [...transcript.matchAll(/^ +[✓…✗] (.+?) \([\d.]+ (?:s|min[^)]*)\)/gm)].map(([, name]) => name ?? '')
  expect(told.length).toBeGreaterThan(30)
  expect([...new Set(told)].filter((name) => !tasks.includes(name))).toEqual([])
})
