import { attended } from '../engines/supervisor.ts'
import type { ConnectWorker } from './connect-worker.ts'
import { startDelivery } from './delivery.ts'
import { type EnginePlace, kafkaLogins, roleBootstrap } from './engines.ts'
import type { LocalAws } from './local-aws.ts'
import { provision } from './provisioning.ts'
import type { RunOptions } from './run-options.ts'
import type { Source } from './source.ts'
import { watchSlot } from './source-preparation.ts'
import type { Stage } from './stages.ts'

export interface Streaming {
  /** What the stages before made. */
  readonly run: () => { readonly aws: LocalAws; readonly place: EnginePlace; readonly worker: ConnectWorker; readonly source: Source }
  readonly options: Pick<RunOptions, 'announce' | 'disorder' | 'tell'>
  /** The run is being stopped. */
  readonly signal: AbortSignal
  readonly onStart: () => void
  /** Told the output of the execution, JSON. */
  readonly onReport: (report: string) => void
}

/**
 * Starts the delivery and the worker, and beside them the state machine: what it does before the connector needs neither. When one of them cannot
 * be started, the execution is not waited for.
 */
export function streamingStage(streaming: Streaming): Stage<object> {
  const failed = new AbortController()
  const orFail = async (start: () => Promise<void>) => {
    try {
      await start()
    } catch (error) {
      failed.abort(error)
      throw error
    }
  }
  const startWorker = async () => {
    const { worker } = streaming.run()
    await worker.applyAcls()
    await worker.start()
  }
  return {
    title: 'Start what delivers, and run the provisioning state machine',
    parallel: [
      { title: 'Delivery', run: () => orFail(() => deliver(streaming)) },
      { title: 'Kafka Connect', run: () => orFail(startWorker) },
      { title: 'Provisioning', run: (_, say) => provisionPipeline(streaming, say, AbortSignal.any([failed.signal, streaming.signal])) },
    ],
  }
}

async function deliver({ run, options: { disorder } }: Streaming): Promise<void> {
  const { aws, place } = run()
  const logins = kafkaLogins(place)
  await place.processes.start((signal) =>
    startDelivery(aws.account, {
      ...attended({ ...place, signal }),
      paths: place.paths,
      kafkaBootstrap: roleBootstrap(place),
      kafkaLogin: { user: logins.firehose.user, passwordsFile: logins.passwordsFile },
      catalogUri: aws.place.engines.catalogUri(),
      tableBucket: place.deployment.tableBucket.name,
      port: place.port('delivery'),
      ...(disorder ? { disorder } : {}),
    }),
  )
}

async function provisionPipeline(
  { run, options, onStart, onReport }: Streaming,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { aws, place, source } = run()
  onStart()
  const done = new AbortController()
  watchSlot(source, (sentence) => options.announce?.(sentence), AbortSignal.any([done.signal, signal]))
  try {
    onReport(await provision(aws, place.deployment, { say, tell: options.tell }, signal))
  } finally {
    done.abort()
  }
}
