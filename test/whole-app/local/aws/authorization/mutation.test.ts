import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Decision } from '../../../../../local/aws/authorization/decisions.ts'
import { parsePolicy } from '../../../../../local/aws/authorization/document.ts'
import { evaluate } from '../../../../../local/aws/authorization/evaluate.ts'
import { globalContext } from '../../../../../local/aws/authorize.ts'
import { type AclBinding, kafkaAcls } from '../../../../../local/aws/kafka-acls.ts'
import type { KafkaDecision } from '../../../../../local/aws/kafka-denials.ts'
import type { JsonObject } from '../../../../../local/cloudformation/json.ts'
import { workerNames } from '../../../../../local/engines/connect.ts'
import { connectorName } from '../../../../../pipeline/names.ts'
import { localDeployment, synthesized } from '../../../../lib/synthesized.ts'
import { type SynthesizedRole, statementsOf, synthesizedRoles } from '../../../../local/aws/authorization/synthesized-roles.ts'
import { unused } from '../../../../local/aws/authorization/unused-actions.ts'

// A full local run needs every action that a role has: without any one of them something that the run did would have been refused. What it did is
// recorded: test/fixtures/authorization/README.md.

const fixtures = join(import.meta.dirname, '..', '..', '..', '..', 'fixtures', 'authorization')
const account = { id: '111122223333', region: 'us-east-1' }
const names = Object.values(workerNames(connectorName))

interface Recording {
  readonly calls: readonly Decision[]
  readonly roles: readonly SynthesizedRole[]
  readonly clusterArn: string
}

const kafka: KafkaDecision[] = JSON.parse(readFileSync(join(fixtures, 'kafka-decisions.json'), 'utf8'))
let recordings: Recording[]

beforeAll(async () => {
  recordings = await Promise.all([
    recording('calls-iam.jsonl', localDeployment),
    recording('calls-lake-formation.jsonl', { ...localDeployment, lakeFormation: { addAdministrator: true } }),
  ])
})

async function recording(file: string, deployment: object): Promise<Recording> {
  const lines = readFileSync(join(fixtures, file), 'utf8').trim().split('\n')
  return { ...(await synthesizedRoles(synthesized(deployment))), calls: lines.map((line): Decision => JSON.parse(line)) }
}

/** What the role did in the run and could not do with these policies. */
function refusals({ calls, clusterArn }: Recording, { arn, name }: SynthesizedRole, policies: SynthesizedRole['policies']): string[] {
  const statements = policies.flatMap(({ name: where, policy }) => parsePolicy(policy, where))
  const acls = kafkaAcls({ name, statements, clusterArn, names })
  return [
    ...calls
      .filter(({ principal }) => principal === arn)
      .filter(({ action, resource, context }) => {
        const question = { action, resource, context: { ...globalContext(account, arn, resource), ...context } }
        return evaluate(statements, question) !== 'allowed'
      })
      .map(({ action, resource }) => `${action} ${resource}`),
    ...kafka
      .filter(({ role }) => role === name)
      .filter((decision) => !acls.some((acl) => covers(acl, decision)))
      .map(({ operation, resource, name: what }) => `Kafka's ${operation} ${resource} ${what}`),
  ]
}

/** As Kafka's authorizer has it. https://kafka.apache.org/documentation/#operations_in_kafka */
function covers(acl: AclBinding, { operation, resource, name }: KafkaDecision): boolean {
  const implied = { DESCRIBE: ['READ', 'WRITE', 'DELETE', 'ALTER'], DESCRIBE_CONFIGS: ['ALTER_CONFIGS'] }[operation] ?? []
  return (
    acl.resource === resource.toLowerCase() &&
    (acl.operation === operation || implied.includes(acl.operation)) &&
    (acl.pattern === 'prefixed' ? name.startsWith(acl.name) : acl.name === '*' || acl.name === name)
  )
}

function withoutAction(policies: SynthesizedRole['policies'], action: string): SynthesizedRole['policies'] {
  return policies.map(({ name, policy }) => ({
    name,
    policy: {
      ...policy,
      Statement: statementsOf(policy).flatMap((statement): JsonObject[] => {
        const left = [statement.Action ?? []].flat().filter((other) => other !== action)
        return left.length === 0 ? [] : [{ ...statement, Action: left }]
      }),
    },
  }))
}

const actionsOf = ({ policies }: SynthesizedRole) => [
  ...new Set(policies.flatMap(({ policy }) => statementsOf(policy).flatMap(({ Action }) => [Action ?? []].flat().map(String)))),
]

test('what was recorded was done by these roles, which were refused nothing', () => {
  for (const recorded of recordings) {
    const { calls, roles } = recorded
    expect(calls.length).toBeGreaterThan(150)
    expect(calls.filter(({ allowed }) => !allowed)).toEqual([])
    const known = new Set(roles.map(({ arn }) => arn))
    expect(calls.filter(({ principal }) => !known.has(principal))).toEqual([])
    expect(roles.flatMap((role) => refusals(recorded, role, role.policies))).toEqual([])
  }
})

test('without any one of its actions, a role is refused something that a run did', () => {
  const needed = new Map<string, boolean>()
  for (const recorded of recordings) {
    // A role that no recorded run used, such as that of another state machine's step, is not judged by them.
    const used = new Set([...recorded.calls.map(({ principal }) => principal), ...kafka.map(({ role }) => role)])
    for (const role of recorded.roles.filter(({ arn, name }) => used.has(arn) || used.has(name))) {
      for (const action of actionsOf(role)) {
        const name = `${role.name.replace('aurora-cdc-', '').replace(`-${account.region}`, '')} ${action}`
        const refused = refusals(recorded, role, withoutAction(role.policies, action)).length > 0
        needed.set(name, refused || (needed.get(name) ?? false))
      }
    }
  }
  const kept = [...needed].filter(([, refused]) => !refused).map(([name]) => name)
  expect(needed.size - kept.length).toBeGreaterThan(100)
  const excused = unused.flatMap(({ roles, actions }) => {
    const all =
      roles === 'every function'
        ? [...needed.keys()].filter((name) => name.endsWith(' logs:CreateLogStream')).map((name) => name.split(' ')[0])
        : roles
    return all.flatMap((role) => actions.map((action) => `${role} ${action}`))
  })
  expect(kept.toSorted()).toEqual(excused.toSorted())
})
