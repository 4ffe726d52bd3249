/**
 * Every error that the pipeline names, in one table: what the name is about, and what the workflow does when a step throws it.
 * - `record`: one change event cannot be applied; it goes to the error bucket under this name, the others are unaffected.
 * - `declaration`: a file that the user wrote is wrong.
 * - `source`, `delivery`, `provisioning`, `local`: where the cause lies.
 */
export const errorNames = {
  InvalidTables: { about: 'declaration', workflow: 'fail' },
  InvalidDeployment: { about: 'declaration', workflow: 'fail' },
  PluginMissing: { about: 'local', workflow: 'fail' },
  DataFolderUnusable: { about: 'local', workflow: 'fail' },
  ConnectorRefused: { about: 'local', workflow: 'fail' },
  ConnectorFailed: { about: 'provisioning', workflow: 'fail' },
  EngineFailed: { about: 'local', workflow: 'fail' },
  ProvisioningFailed: { about: 'local', workflow: 'fail' },
  RunStopped: { about: 'local', workflow: 'fail' },
  SynthesisFailed: { about: 'local', workflow: 'fail' },
  TemplateNotUnderstood: { about: 'local', workflow: 'fail' },
  DeploymentRefused: { about: 'local', workflow: 'fail' },
  SourceNotReady: { about: 'source', workflow: 'fail' },
  SourceUnreachable: { about: 'source', workflow: 'retry' },
  InvalidUsage: { about: 'local', workflow: 'fail' },
  QueryRefused: { about: 'local', workflow: 'fail' },
  NotCaughtUp: { about: 'delivery', workflow: 'fail' },
  InvalidBase64: { about: 'record', workflow: 'fail' },
  InvalidUtf8: { about: 'record', workflow: 'fail' },
  InvalidJson: { about: 'record', workflow: 'fail' },
  NotAChangeEvent: { about: 'record', workflow: 'fail' },
  UnknownOperation: { about: 'record', workflow: 'fail' },
  UndeclaredTable: { about: 'record', workflow: 'fail' },
  MissingRowImage: { about: 'record', workflow: 'fail' },
  MissingKey: { about: 'record', workflow: 'fail' },
  NoPrimaryKey: { about: 'record', workflow: 'fail' },
  UnusableReplicaIdentity: { about: 'record', workflow: 'fail' },
  UnavailableValue: { about: 'record', workflow: 'fail' },
  UnexpectedValue: { about: 'record', workflow: 'fail' },
  UnrepresentableValue: { about: 'record', workflow: 'fail' },
  TruncateRefused: { about: 'record', workflow: 'fail' },
  ResponseTooLarge: { about: 'record', workflow: 'fail' },
  AwsUnavailable: { about: 'provisioning', workflow: 'retry' },
  AccessDenied: { about: 'provisioning', workflow: 'fail' },
  RequestRefused: { about: 'provisioning', workflow: 'fail' },
  NotInTime: { about: 'provisioning', workflow: 'fail' },
  InvalidRequest: { about: 'provisioning', workflow: 'fail' },
  ColumnsImpossible: { about: 'provisioning', workflow: 'fail' },
  CatalogIntegrationMissing: { about: 'provisioning', workflow: 'fail' },
  GrantsRefused: { about: 'provisioning', workflow: 'fail' },
  PrincipalNotYetKnown: { about: 'provisioning', workflow: 'retry' },
  CatalogNotYetListed: { about: 'provisioning', workflow: 'retry' },
  GrantNotEffective: { about: 'provisioning', workflow: 'retry' },
  ConnectorUpdateFailed: { about: 'provisioning', workflow: 'fail' },
  ConnectorPaused: { about: 'provisioning', workflow: 'fail' },
  BrokersUnknown: { about: 'provisioning', workflow: 'fail' },
  ClusterFailed: { about: 'provisioning', workflow: 'fail' },
  ConnectivityImpossible: { about: 'provisioning', workflow: 'fail' },
  ConnectivityFailed: { about: 'provisioning', workflow: 'fail' },
  PolicyConflict: { about: 'provisioning', workflow: 'retry' },
  TopicMismatch: { about: 'provisioning', workflow: 'fail' },
  DeliveryStreamMissing: { about: 'provisioning', workflow: 'fail' },
  DeliveryStreamFailed: { about: 'provisioning', workflow: 'fail' },
  DataApiDisabled: { about: 'provisioning', workflow: 'fail' },
  SourceSecretUnusable: { about: 'provisioning', workflow: 'fail' },
  SourceQueryFailed: { about: 'provisioning', workflow: 'fail' },
  SourceBusy: { about: 'provisioning', workflow: 'retry' },
  SnapshotFailed: { about: 'provisioning', workflow: 'fail' },
  SnapshotImpossible: { about: 'provisioning', workflow: 'fail' },
  CanaryLost: { about: 'provisioning', workflow: 'fail' },
  QueryFailed: { about: 'provisioning', workflow: 'fail' },
  TeardownNotConfirmed: { about: 'provisioning', workflow: 'fail' },
  ProvisioningRunning: { about: 'provisioning', workflow: 'fail' },
  TeardownRunning: { about: 'provisioning', workflow: 'fail' },
  NotOurs: { about: 'provisioning', workflow: 'fail' },
  NotDrained: { about: 'provisioning', workflow: 'fail' },
  SlotLeft: { about: 'provisioning', workflow: 'fail' },
  SlotLost: { about: 'source', workflow: 'fail' },
} as const satisfies Record<string, ErrorTraits>

export interface ErrorTraits {
  readonly about: 'record' | 'declaration' | 'source' | 'delivery' | 'provisioning' | 'local'
  readonly workflow: 'retry' | 'wait' | 'fail'
}

export type ErrorName = keyof typeof errorNames

/**
 * An expected failure. The message says what, which one and what to do, and never holds a row's values.
 * `name` is a literal of {@link errorNames}: a bundler may rename classes, and Step Functions matches on `name`.
 */
export class PipelineError extends Error {
  override readonly name: ErrorName

  constructor(name: ErrorName, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = name
  }
}

export function isErrorName(name: string): name is ErrorName {
  return Object.hasOwn(errorNames, name)
}

/** Names of a workflow trait, in the table's order: Retry lists of the state machine are computed from it. */
export function errorNamesFor(workflow: ErrorTraits['workflow']): ErrorName[] {
  return Object.keys(errorNames)
    .filter(isErrorName)
    .filter((name) => errorNames[name].workflow === workflow)
}
