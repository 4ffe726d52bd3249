import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runSimulation } from '@cloud-copilot/iam-simulate'
import fc from 'fast-check'
import { parsePolicy } from '../../../../../local/aws/authorization/document.ts'
import { evaluate } from '../../../../../local/aws/authorization/evaluate.ts'
import { globalContext } from '../../../../../local/aws/authorize.ts'
import { localDeployment, memberOf, synthesized } from '../../../../lib/synthesized.ts'
import { changedPolicies, conditions, pick, policyChanges } from '../../../../local/aws/authorization/changed-policies.ts'
import {
  type Call,
  callsOf,
  type SynthesizedRole,
  statementsOf,
  synthesizedRoles,
} from '../../../../local/aws/authorization/synthesized-roles.ts'

// What decides here must decide as an independent evaluator does. That one is used by tests only: its licence is the AGPL.

const account = { id: '111122223333', region: 'us-east-1' }
const key = 'arn:aws:kms:us-east-1:111122223333:key/0a1b'

const everything = [{ name: 'Everything', policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } }]
const notAboutThis = '{"message":"no.resource.types"}'

/** Newer than the pinned reference, in which no operation of that name is an action; docs/limitations.md says so. */
const unknownThere = ['kafkaconnect:RestartConnector']

/** Leaves it to the policies of roles, as the default policy of a key does; without it they would count for nothing. */
const keyPolicy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account.id}:root` }, Action: 'kms:*', Resource: '*' }],
}

jest.setTimeout(120_000)

let roles: SynthesizedRole[]
let calls: Call[]

beforeAll(async () => {
  const withKeys = { ...localDeployment, kmsKey: key, secrets: { ...memberOf(localDeployment, 'secrets'), kmsKey: key } }
  roles = (await synthesizedRoles(synthesized(withKeys))).roles
  const all = roles.flatMap(callsOf)
  const distinct = [...new Map(all.map((call) => [JSON.stringify(call), call])).values()]
  // A statement may give several actions on resources of several types: not every action is about each of them.
  const possible = await Promise.all(distinct.map((call) => theirs(everything, 'arn:aws:iam::111122223333:role/any', call)))
  calls = distinct.filter(({ action }, index) => possible[index] !== notAboutThis && !unknownThere.includes(action))
})

type Policies = SynthesizedRole['policies']

function ours(policies: Policies, role: string, { action, resource, context }: Call): boolean {
  const statements = policies.flatMap(({ name, policy }) => parsePolicy(policy, name))
  return evaluate(statements, { action, resource, context: { ...globalContext(account, role, resource), ...context } }) === 'allowed'
}

async function theirs(policies: Policies, role: string, { action, resource, context }: Call): Promise<boolean | string> {
  const answer = await runSimulation(
    {
      request: {
        principal: role,
        action,
        resource: { resource, accountId: account.id },
        contextVariables: { ...text(globalContext(account, role, resource)), ...context },
      },
      identityPolicies: policies.map(({ name, policy }) => ({ name, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(action.startsWith('kms:') ? { resourcePolicy: keyPolicy } : {}),
    },
    {},
  )
  if (answer.resultType === 'error') return JSON.stringify(answer.errors)
  return answer.overallResult === 'Allowed'
}

const text = (context: Readonly<Record<string, string | readonly string[]>>) =>
  Object.fromEntries(Object.entries(context).map(([name, value]) => [name, [value].flat().join(',')]))

test('every role: the calls that it is about, and those of other roles', async () => {
  expect(roles.length).toBeGreaterThan(20)
  let allowed = 0
  const differences: object[] = []
  for (const [number, role] of roles.entries()) {
    const own = new Set(callsOf(role).map((call) => JSON.stringify(call)))
    for (const call of calls.filter((other, index) => own.has(JSON.stringify(other)) || index % 8 === number % 8)) {
      const [here, there] = [ours(role.policies, role.arn, call), await theirs(role.policies, role.arn, call)]
      if (here !== there) differences.push({ role: role.arn, ...call, here, there })
      if (here) allowed += 1
    }
  }
  expect(differences).toEqual([])
  expect(allowed).toBeGreaterThan(calls.length / 2)
})

test.each([
  ['IAM governs the catalog', 'calls-iam.jsonl', localDeployment],
  ['Lake Formation does', 'calls-lake-formation.jsonl', { ...localDeployment, lakeFormation: { addAdministrator: true } }],
])('every call of a full run in which %s', async (_what, file, deployment) => {
  const { roles: own } = await synthesizedRoles(synthesized(deployment))
  const recorded = readFileSync(join(import.meta.dirname, '..', '..', '..', '..', 'fixtures', 'authorization', file), 'utf8')
  const differences: object[] = []
  for (const line of recorded.trim().split('\n')) {
    const { principal, allowed, ...call }: Call & { principal: string; allowed: boolean } = JSON.parse(line)
    const policies = own.find(({ arn }) => arn === principal)?.policies ?? []
    const [here, there] = [ours(policies, principal, call), await theirs(policies, principal, call)]
    if (here !== allowed || there !== allowed) differences.push({ principal, ...call, recorded: allowed, here, there })
  }
  expect(differences).toEqual([])
})

test.each(conditions)('statements under the condition %j', async (Condition) => {
  const role = roles.find(({ name }) => name.includes('firehose'))
  if (!role) throw new Error('there is no role of Firehose')
  const policies = role.policies.map(({ name, policy }) => ({
    name,
    policy: { ...policy, Statement: statementsOf(policy).map((statement) => ({ ...statement, Condition })) },
  }))
  const about = callsOf(role).filter((call) => calls.some((other) => JSON.stringify(other) === JSON.stringify(call)))
  expect(about.length).toBeGreaterThan(10)
  for (const call of about)
    expect({ ...call, allowed: ours(policies, role.arn, call) }).toEqual({ ...call, allowed: await theirs(policies, role.arn, call) })
})

test('policies with something changed in them at random', async () => {
  let [allowed, denied] = [0, 0]
  const cases = fc.record({
    role: fc.nat(),
    call: fc.nat(),
    changes: fc.array(fc.record({ statement: fc.nat(), change: fc.constantFrom(...policyChanges), at: fc.nat() }), {
      minLength: 1,
      maxLength: 3,
    }),
  })
  const agree = async ({ role: number, call: which, changes }: typeof cases extends fc.Arbitrary<infer Case> ? Case : never) => {
    const role = pick(roles, number)
    if (role.policies.length === 0) return
    const policies = changes.reduce((changed, { statement, change, at }) => changedPolicies(changed, statement, change, at), role.policies)
    const own = callsOf(role).filter((call) => calls.some((other) => JSON.stringify(other) === JSON.stringify(call)))
    const call = which % 4 === 0 || own.length === 0 ? pick(calls, which) : pick(own, which)
    const there = await theirs(policies, role.arn, call)
    expect(ours(policies, role.arn, call)).toBe(there)
    if (there === true) allowed += 1
    else denied += 1
  }
  await fc.assert(fc.asyncProperty(cases, agree), { numRuns: 400 })
  expect(allowed).toBeGreaterThan(40)
  expect(denied).toBeGreaterThan(40)
})
