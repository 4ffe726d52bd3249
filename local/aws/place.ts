import type { LocalAccount } from '../cloudformation/account.ts'
import { type Decisions, decisionsOf, keepDecisions } from './authorization/decisions.ts'
import { policiesOf } from './authorization/policies.ts'
import { accessOf } from './authorize.ts'
import type { Access } from './endpoint.ts'
import { openPrincipals, type Principals } from './principals.ts'
import type { Secret } from './secrets-manager.ts'

/** Where the engines are: each throws where the engine is not there yet. */
export interface EngineAddresses {
  /** `host:port` */
  kafkaBootstrap(): string
  connectUri(): string
  catalogUri(): string
  deliveryUri(): string
  postgresUrl(): string
  readonly logsDirectory: string
  /** MSK Connect's workers; none where Kafka Connect is not this run's to start and stop. */
  readonly workers?: ConnectWorkers
}

/** At MSK Connect a connector has workers of its own, which come and go with it: what one worker knows of offsets is unknown to the next. */
export interface ConnectWorkers {
  /** Asks them to start, where they do not run. True: they answer. */
  start(): boolean
  /** Asks them to end. True: none runs any more. */
  stop(): boolean
}

/** What a stand-in of an AWS service stands in. */
export interface AwsPlace {
  /** Deployed resources, and with `state` what the stand-ins remember. */
  readonly account: LocalAccount
  /** Seconds on this machine for a second at AWS. */
  readonly timeScale: number
  readonly engines: EngineAddresses
  readonly secrets: readonly Secret[]
  readonly principals: Principals
  /** Who is calling, and what they may do: what the endpoint is served with. Stand-ins ask it for what they do in a role's name. */
  readonly access: Access
  /** Every decision on a call, as they are made. */
  readonly decisions: Decisions
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface AwsPlaceSettings {
  readonly account: LocalAccount
  readonly timeScale: number
  readonly engines: EngineAddresses
  readonly secrets: readonly Secret[]
  readonly now?: () => number
  /** Where decisions are appended to, a line each; nowhere, unless given. */
  readonly decisionsFile?: string
}

/** A place with the principals of its account. */
export async function openAwsPlace(settings: AwsPlaceSettings): Promise<AwsPlace> {
  const { account, now = Date.now, decisionsFile, ...rest } = settings
  const policies = policiesOf(account)
  const principals = await openPrincipals(account, policies)
  const decisions = decisionsOf(account)
  if (decisionsFile !== undefined) keepDecisions(decisions, decisionsFile)
  return { ...rest, account, now, principals, decisions, access: accessOf(account, policies, principals) }
}
