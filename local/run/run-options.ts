import type { DeliverySettingsFile } from '../delivery/settings.ts'
import type { EngineEvent } from '../engines/supervisor.ts'

export interface RunOptions {
  readonly dataDirectory: string
  /** The user named the data folder. */
  readonly explicitData: boolean
  /** Empties the data folder first. */
  readonly reset: boolean
  /** The user's own database and the tables of it; undefined: the embedded one with the samples. */
  readonly own?: { readonly url: string; readonly patterns: string } | undefined
  /** The local run's own, unless given. */
  readonly deploymentFile?: string | undefined
  /** The declaration of the sample tables; the checkout's, unless given. */
  readonly tablesFile?: string | undefined
  readonly disorder?: DeliverySettingsFile['disorder'] | undefined
  /** Leads those that log in to Kafka another way: given the port of the broker's listener, answers the one that leads there. */
  readonly wayToBroker?: ((port: number) => number) | undefined
  /** Told of every engine that starts, dies and starts again. */
  readonly onEngineEvent?: (event: EngineEvent) => void
  /** Told what is created at the source, before it happens, and what was found there. */
  readonly announce?: (sentence: string) => void
  /** Told what the state machine did and sees, as lines; where nothing shows what a stage is at. */
  readonly tell?: ((line: string) => void) | undefined
}
