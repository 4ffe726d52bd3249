import { PipelineError } from '../../../pipeline/errors.ts'
import type { ProvisioningPlan } from '../../../pipeline/provisioning-plan.ts'
import { isServiceException } from '../aws-errors.ts'
import { delegateCommand, type Grant, grantText } from './wanted-grants.ts'

/** Names what Lake Formation refuses. Concurrent modification is among what is retried anyway. */
export async function asGranting<T>(plan: ProvisioningPlan, grant: Grant | undefined, call: () => Promise<T>): Promise<T> {
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
