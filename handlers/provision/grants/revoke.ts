import { type LakeFormationClient, type PrincipalResourcePermissions, RevokePermissionsCommand } from '@aws-sdk/client-lakeformation'
import { PipelineError } from '../../../pipeline/errors.ts'
import type { StepAnswer, StepRequest } from '../../../pipeline/provisioning.ts'
import type { ProvisioningPlan } from '../../../pipeline/provisioning-plan.ts'
import { notYet, ready } from '../../../pipeline/step-answer.ts'
import { isServiceException } from '../aws-errors.ts'
import type { StepPlace } from '../step.ts'
import { administers, removeAdministrator } from './administrators.ts'
import { heldGrants, heldPermissions } from './held-grants.ts'
import { asGranting } from './refusals.ts'
import { type Grant, grantText, wantedGrants } from './wanted-grants.ts'

/** As with grants: what is left after this waits for the next look. */
const revokeForMs = 8000

/**
 * The grants that are the pipeline's to revoke: those of its own roles, which go with its stacks, and those of readers that its own role made. A reader's grant that
 * somebody else made, or changed since, stays.
 */
export function ownGrants(plan: ProvisioningPlan, held: readonly PrincipalResourcePermissions[]): Grant[] {
  const roles = [plan.firehoseRoleArn, ...plan.queryingRoles]
  const grantor = plan.lakeFormation.grantingRole.slice(plan.lakeFormation.grantingRole.lastIndexOf('/'))
  // The role, or a session of it: which of them Lake Formation writes down is not documented.
  const made = held.filter(({ LastUpdatedBy = '' }) => `${LastUpdatedBy}/`.includes(`${grantor}/`))
  return wantedGrants(plan)
    .map((grant) => {
      const of = heldPermissions(grant, roles.includes(grant.principal) ? held : made)
      return { ...grant, permissions: grant.permissions.filter((permission) => of.has(permission)) }
    })
    .filter(({ permissions }) => permissions.length > 0)
}

/** Revokes what the pipeline granted, and then the right of its role to grant, where it took that itself. */
export async function revokeGrants(
  lakeFormation: LakeFormationClient,
  request: StepRequest<object, StepAnswer, unknown>,
  { plan, now }: Pick<StepPlace, 'plan' | 'now'>,
): Promise<StepAnswer> {
  const { grantingRole, addAdministrator } = plan.lakeFormation
  const did = [...(request.previous?.did ?? [])]
  const nothing = 'no grant of the pipeline is left'
  // Its own right goes last: without it nothing else is left either, nor could be seen.
  if (addAdministrator && !(await administers(lakeFormation, grantingRole)))
    return ready(request, now(), { seen: nothing, did, already: did.length > 0 ? [] : [nothing] })
  const own = ownGrants(plan, await listedGrants(lakeFormation, plan))
  const until = now().getTime() + revokeForMs
  let revoked = 0
  for (const grant of own) {
    if (now().getTime() > until) break
    if (await revoke(lakeFormation, plan, grant)) did.push(`revoked ${grantText(grant)}`)
    revoked++
  }
  if (revoked < own.length) {
    const seen = `${own.length - revoked} grants are left to be revoked`
    const waiting = { what: 'Revoking', seen, usual: 'seconds are usual', limitMinutes: 30, remedy: 'Lake Formation answers slowly.' }
    return { ...notYet(request, now(), waiting), did }
  }
  if (addAdministrator && (await removeAdministrator(lakeFormation, grantingRole)))
    did.push(`removed ${grantingRole} from the data lake administrators`)
  return ready(request, now(), { seen: nothing, did, already: did.length > 0 ? [] : [nothing] })
}

/** What is granted on the pipeline's catalog; nothing where the table bucket or the namespace is gone, and its grants with it. */
async function listedGrants(lakeFormation: LakeFormationClient, plan: ProvisioningPlan): Promise<PrincipalResourcePermissions[]> {
  try {
    return await asGranting(plan, undefined, () => heldGrants(lakeFormation, plan))
  } catch (error) {
    if (error instanceof PipelineError && error.name === 'CatalogNotYetListed') return []
    throw error
  }
}

/** False: it was revoked already. */
async function revoke(lakeFormation: LakeFormationClient, plan: ProvisioningPlan, grant: Grant): Promise<boolean> {
  const { principal, resource, permissions } = grant
  const command = new RevokePermissionsCommand({
    Principal: { DataLakePrincipalIdentifier: principal },
    Resource: resource,
    Permissions: [...permissions],
  })
  try {
    await asGranting(plan, grant, () => lakeFormation.send(command))
    return true
  } catch (error) {
    // Another execution was first. https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/lakeformation/permissions.go
    if (isServiceException(error) && /No permissions revoked|Grantee has no permissions/.test(error.message)) return false
    throw error
  }
}
