import { GrantPermissionsCommand, LakeFormationClient } from '@aws-sdk/client-lakeformation'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { ensureAdministrator } from './grants/administrators.ts'
import { heldGrants, missingPermissions } from './grants/held-grants.ts'
import { asGranting } from './grants/refusals.ts'
import { revokeGrants } from './grants/revoke.ts'
import { type Grant, grantText, wantedGrants } from './grants/wanted-grants.ts'
import { type StepPlace, stepHandler } from './step.ts'

const lakeFormation = new LakeFormationClient(clientSettings)

/** Grants go one by one, a few a second: what is left after this waits for the next look. */
const grantForMs = 8000

export const handler = stepHandler('ensure-grants', ensureGrants)

/** The teardown has none left: Lake Formation lets the role of this step revoke what it granted, and no other. */
export interface GrantsParameters {
  readonly grants?: 'none'
}

/** The grants of Lake Formation: for Firehose, for the steps that query, and for the declared readers. */
export async function ensureGrants(
  request: StepRequest<GrantsParameters, StepAnswer, unknown>,
  { plan, now }: Pick<StepPlace, 'plan' | 'now'>,
): Promise<StepAnswer> {
  if (request.parameters.grants === 'none') return await revokeGrants(lakeFormation, request, { plan, now })
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
