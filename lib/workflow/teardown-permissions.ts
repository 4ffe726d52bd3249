import type { TeardownStepName } from '../../pipeline/teardown.ts'
import { allow, noPermissions, type Permissions, together } from '../permissions.ts'
import { deleteConnector, deleteOffsets, lookAtConnector } from './removal-permissions.ts'
import { dataApi, type StepPermissionsSettings } from './step-permissions.ts'

/** What the role of each of the teardown's own steps may do: no more than its calls need. */
export function teardownPermissions(settings: StepPermissionsSettings): Record<TeardownStepName, Permissions> {
  const { plan, clusterArn } = settings
  const { preparationSecret, debeziumSecret } = plan.source
  const asPreparation = dataApi(settings, [preparationSecret])
  return {
    'check-teardown': allow(['states:ListExecutions'], [plan.stateMachines.provisioning]),
    'check-ownership': together(asPreparation, lookAtConnector(settings)),
    'await-drained': asPreparation,
    'ensure-no-connector': together(lookAtConnector(settings), deleteConnector(settings)),
    'ensure-clean-source': dataApi(settings, [preparationSecret, debeziumSecret]),
    'check-no-slot': asPreparation,
    'ensure-no-offsets-topic': deleteOffsets(settings),
    'ensure-no-policy': allow(['kafka:GetClusterPolicy', 'kafka:PutClusterPolicy', 'kafka:DeleteClusterPolicy'], [clusterArn]),
    'report-teardown': noPermissions,
  }
}
