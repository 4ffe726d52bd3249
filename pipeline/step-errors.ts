import type { ErrorName } from './errors.ts'
import type { StepName } from './provisioning.ts'

/** Of every step that asks AWS something. */
const aws = ['AwsUnavailable', 'AccessDenied', 'RequestRefused'] as const
/** Of every step that asks the source something. */
const source = ['SourceUnreachable', 'DataApiDisabled', 'SourceSecretUnusable', 'SourceQueryFailed', 'SourceBusy', ...aws] as const

/** The errors that each step may end with. What the state machine does then is in the table of error names. */
export const stepErrors = {
  'check-request': ['InvalidRequest', 'DeliveryStreamMissing', ...aws],
  // InvalidTables: a column at the source has a type that cannot be read.
  'check-source': ['SourceNotReady', 'SlotLost', 'InvalidTables', ...source],
  'ensure-source': ['SourceNotReady', 'NotInTime', ...source],
  'ensure-vpc-connectivity': ['ClusterFailed', 'ConnectivityImpossible', 'NotInTime', ...aws],
  'await-vpc-connectivity': ['ClusterFailed', 'ConnectivityFailed', 'NotInTime', ...aws],
  'check-catalog': ['CatalogIntegrationMissing', ...aws],
  'ensure-grants': ['GrantsRefused', 'PrincipalNotYetKnown', 'CatalogNotYetListed', 'GrantNotEffective', 'NotInTime', ...aws],
  'ensure-cluster-policy': ['PolicyConflict', ...aws],
  'ensure-topic': ['ClusterFailed', 'TopicMismatch', 'NotInTime', ...aws],
  'await-topic': ['TopicMismatch', 'NotInTime', ...aws],
  'signal-delivery-ready': ['AwsUnavailable'],
  'await-delivery-stream': ['DeliveryStreamMissing', 'DeliveryStreamFailed', 'NotInTime', ...aws],
  'ensure-connector': ['BrokersUnknown', 'ConnectorPaused', 'ConnectorUpdateFailed', 'NotInTime', ...aws],
  'await-connector': ['ConnectorFailed', 'ConnectorPaused', 'ConnectorUpdateFailed', 'NotInTime', ...aws],
  'await-snapshot': ['SnapshotFailed', 'NotInTime', ...source],
  'ensure-snapshot-requests': ['SnapshotImpossible', ...source],
  'ensure-tables-scanned': ['SnapshotImpossible', 'SnapshotFailed', 'NotInTime', ...source],
  'ensure-canary': source,
  'await-canary': ['CanaryLost', 'QueryFailed', ...source],
  'ensure-snapshots-completed': source,
  'await-row-counts': ['QueryFailed', 'NotInTime', ...aws],
  report: [],
} as const satisfies Record<StepName, readonly ErrorName[]>
