import type { ErrorName } from './errors.ts'
import type { StepName } from './provisioning.ts'
import type { TeardownStepName } from './teardown.ts'

/** Of every step that asks AWS something. */
const aws = ['AwsUnavailable', 'AccessDenied', 'RequestRefused'] as const
/** Of every step that asks the source something. */
const source = ['SourceUnreachable', 'DataApiDisabled', 'SourceSecretUnusable', 'SourceQueryFailed', 'SourceBusy', ...aws] as const

/** The errors that each step may end with. What the state machine does then is in the table of error names. */
export const stepErrors = {
  'check-request': ['InvalidRequest', 'DeliveryStreamMissing', 'TeardownRunning', ...aws],
  // InvalidTables: a column at the source has a type that cannot be read.
  'check-source': ['SourceNotReady', 'SlotLost', 'SnapshotImpossible', 'InvalidTables', ...source],
  'ensure-source': ['SourceNotReady', 'NotInTime', ...source],
  'ensure-vpc-connectivity': ['ClusterFailed', 'ConnectivityImpossible', 'NotInTime', ...aws],
  'await-vpc-connectivity': ['ClusterFailed', 'ConnectivityFailed', 'NotInTime', ...aws],
  'check-catalog': ['CatalogIntegrationMissing', ...aws],
  'ensure-grants': ['GrantsRefused', 'PrincipalNotYetKnown', 'CatalogNotYetListed', 'GrantNotEffective', 'NotInTime', ...aws],
  'check-columns': ['ColumnsImpossible', ...aws],
  'ensure-cluster-policy': ['PolicyConflict', ...aws],
  'ensure-topic': ['ClusterFailed', 'TopicMismatch', 'NotInTime', ...aws],
  'await-topic': ['TopicMismatch', 'NotInTime', ...aws],
  'signal-delivery-ready': ['AwsUnavailable'],
  'await-delivery-stream': ['DeliveryStreamMissing', 'DeliveryStreamFailed', 'NotInTime', ...aws],
  'ensure-columns': ['ColumnsImpossible', 'QueryFailed', 'NotInTime', ...aws],
  'ensure-slot-forgotten': ['SnapshotImpossible', 'NotInTime', ...source],
  'ensure-connector': ['BrokersUnknown', 'ConnectorPaused', 'ConnectorUpdateFailed', 'NotInTime', ...aws],
  'await-connector': ['ConnectorFailed', 'ConnectorPaused', 'ConnectorUpdateFailed', 'SlotLost', 'NotInTime', ...aws],
  'await-snapshot': ['SnapshotFailed', 'SlotLost', 'NotInTime', ...source],
  'ensure-snapshot-requests': ['SnapshotImpossible', ...source],
  'ensure-tables-scanned': ['SnapshotImpossible', 'SnapshotFailed', 'NotInTime', ...source],
  'ensure-canary': source,
  'await-canary': ['CanaryLost', 'QueryFailed', ...source],
  'ensure-vanished-removed': ['QueryFailed', 'SnapshotFailed', 'NotInTime', ...source],
  'ensure-snapshots-completed': source,
  'await-row-counts': ['QueryFailed', 'NotInTime', ...aws],
  report: [],
} as const satisfies Record<StepName, readonly ErrorName[]>

/** The same of the teardown's own steps. */
export const teardownErrors = {
  'check-teardown': ['TeardownNotConfirmed', 'ProvisioningRunning', ...aws],
  'check-ownership': ['NotOurs', 'NotDrained', ...source],
  'await-drained': ['NotInTime', ...source],
  'ensure-no-connector': ['NotInTime', ...aws],
  'ensure-clean-source': ['NotOurs', 'NotInTime', ...source],
  'check-no-slot': ['SlotLeft', ...source],
  'ensure-no-offsets-topic': ['NotInTime', ...aws],
  'ensure-no-policy': ['PolicyConflict', ...aws],
  'report-teardown': [],
} as const satisfies Record<TeardownStepName, readonly ErrorName[]>
