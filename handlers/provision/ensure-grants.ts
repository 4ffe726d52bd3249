import { GrantPermissionsCommand, LakeFormationClient } from '@aws-sdk/client-lakeformation'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { isServiceException } from './aws-errors.ts'
import { ensureAdministrator } from './grants/administrators.ts'
import { heldGrants, missingPermissions } from './grants/held-grants.ts'
import { delegateCommand, type Grant, grantText, wantedGrants } from './grants/wanted-grants.ts'
import { type StepPlace, stepHandler } from './step.ts'

const lakeFormation = new LakeFormationClient(clientSettings)

/** Grants go one by one, a few a second: what is left after this waits for the next look. */
const grantForMs = 8000

export const handler = stepHandler('ensure-grants', ensureGrants)

/** The grants of Lake Formation: for Firehose, for the steps that query, and for the declared readers. */
export async function ensureGrants(request: StepRequest, { plan, now }: StepPlace): Promise<StepAnswer> {
  const did = [...(request.previous?.did ?? [])]
  if (plan.lakeFormation.addAdministrator && (await ensureAdministrator(lakeFormation, plan.lakeFormation.grantingRole))) {
    did.push(`added ${plan.lakeFormation.grantingRole} to the data lake administrators`)
  }
  const wanted = wantedGrants(plan)
  const missing = await missingGrants(plan, wanted)
  const until = now().getTime() + grantForMs
  let granted = 0
  for (const grant of missing) {
    if (now().getTime() > until) break
    await make(plan, grant)
    did.push(`granted ${grantText(grant)}`)
    granted++
  }
  if (granted < missing.length) {
    const seen = `${wanted.length - missing.length + granted} of ${wanted.length} grants are made`
    const waiting = { what: 'Granting', seen, usual: 'seconds are usual', limitMinutes: 30, remedy: 'Lake Formation answers slowly.' }
    return { ...notYet(request, now(), waiting), did }
  }
  const [lost] = granted > 0 ? await missingGrants(plan, missing) : []
  if (lost) {
    throw new PipelineError(
      'GrantNotEffective',
      `Lake Formation accepted ${grantText(lost)}, and does not list it as granted (${lost.principal}).`,
    )
  }
  const already = wanted.length - missing.length
  return ready(request, now(), {
    seen: `all ${wanted.length} grants are listed`,
    did,
    already: already > 0 ? [`${already} of ${wanted.length} grants were made already`] : [],
  })
}

/** The wanted grants, each without what it has. */
async function missingGrants(plan: ProvisioningPlan, wanted: readonly Grant[]): Promise<Grant[]> {
  const held = await asGranting(plan, undefined, () => heldGrants(lakeFormation, plan))
  return wanted
    .map((grant) => ({ ...grant, permissions: missingPermissions(grant, held) }))
    .filter(({ permissions }) => permissions.length > 0)
}

async function make(plan: ProvisioningPlan, grant: Grant): Promise<void> {
  const { principal, resource, permissions } = grant
  const command = new GrantPermissionsCommand({
    Principal: { DataLakePrincipalIdentifier: principal },
    Resource: resource,
    Permissions: [...permissions],
  })
  await asGranting(plan, grant, () => lakeFormation.send(command))
}

/** Names what Lake Formation refuses. Concurrent modification is among what is retried anyway. */
async function asGranting<T>(plan: ProvisioningPlan, grant: Grant | undefined, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw isServiceException(error) ? nameRefusal(error, plan, grant) : error
  }
}

function nameRefusal(error: Error, { lakeFormation: { grantingRole, addAdministrator }, ...plan }: ProvisioningPlan, grant?: Grant): Error {
  const says = `Lake Formation says: ${error.message}`
  const options = { cause: error }
  if (error.name === 'InvalidInputException' && /Invalid principal/i.test(error.message)) {
    return new PipelineError('PrincipalNotYetKnown', `Lake Formation does not know ${grant?.principal} yet. ${says}`, options)
  }
  if (error.name === 'EntityNotFoundException') {
    return new PipelineError('CatalogNotYetListed', `The catalog does not show ${plan.tableBucket}/${plan.namespace} yet. ${says}`, options)
  }
  // IAM's own refusal names the action; it is about the role's policy.
  if (error.name !== 'AccessDeniedException' || /is not authorized to perform: /.test(error.message)) return error
  if (addAdministrator) {
    return new PipelineError(
      'PrincipalNotYetKnown',
      `Lake Formation does not treat ${grantingRole} as an administrator yet. ${says}`,
      options,
    )
  }
  return new PipelineError(
    'GrantsRefused',
    `Lake Formation does not let ${grantingRole} ${grant ? `grant ${grantText(grant)}` : 'see the grants'}. ${says} Either a data lake administrator runs\n` +
      `${delegateCommand({ ...plan, lakeFormation: { grantingRole, addAdministrator } })}\n` +
      'or "lakeFormation": { "addAdministrator": true } is set in deployment.json and deployed. Then redrive the execution.',
    options,
  )
}
