import { PipelineError } from '../pipeline/errors.ts'
import type { EngineEvent } from './engines/supervisor.ts'
import { brokerDenials, brokerDenied } from './run/broker-denials.ts'
import { endOf, failureText } from './run/ending.ts'
import { LocalRun } from './run/local-run.ts'
import { withSource } from './run/source.ts'
import { showStages } from './run/stages.ts'
import { parseStartOptions, type StartOptions, startUsage } from './run/start-options.ts'
import { readRun } from './run/state.ts'
import { interruptedCode, stopSignal } from './run/stop-signal.ts'
import { showTablesOnce, showWalkthrough } from './run/tour.ts'
import { howToGoOn } from './run/words.ts'
import { sourceAddress } from './source/connection.ts'
import { detachSource } from './source/detach.ts'

// The AWS clients say at their first use until when they support this Node.js, which is the package's own business.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'

async function main(args: readonly string[]): Promise<number> {
  const options = parseStartOptions(args)
  if (options.help) {
    process.stdout.write(startUsage)
    return 0
  }
  return options.detach && options.own ? detach(options, options.own.url) : start(options)
}

async function detach({ dataDirectory }: StartOptions, url: string): Promise<number> {
  if (readRun(dataDirectory)) {
    throw new PipelineError(
      'DataFolderUnusable',
      `A run still uses ${dataDirectory}, and may read from ${sourceAddress(url)}: stop it with Ctrl-C first.`,
    )
  }
  const removed = await withSource({ url }, (client) => detachSource(client, { announce: (sentence) => console.log(sentence) }))
  console.log(
    removed.length === 0
      ? `There is nothing of ours at ${sourceAddress(url)}.`
      : `Removed from ${sourceAddress(url)}: ${removed.join(', ')}.`,
  )
  return 0
}

/** Runs until it is done (`--once`), stopped by a signal, or an engine cannot be kept running. */
async function start(options: StartOptions): Promise<number> {
  const run = await LocalRun.open({
    ...options,
    onEngineEvent: tell,
    announce: (sentence) => console.log(`  ${sentence}`),
    // On a terminal the stages themselves show it.
    tell: process.stdout.isTTY ? undefined : (line) => console.log(`  ${line}`),
  })
  const asked = stopSignal()
  const startedMs = Date.now()
  const ending = new AbortController()
  const refused = brokerDenied(run.paths, startedMs, ending.signal)
  return endOf(() => Promise.race([goThrough(run, options), asked.then(() => interruptedCode), run.processes.failed, refused]), {
    stop: () => {
      ending.abort()
      return run.stop()
    },
    say: (line) => console.log(line),
    complain: (line) => console.error(line),
    causes: () => brokerDenials(run.paths, startedMs),
  })
}

async function goThrough(run: LocalRun, options: StartOptions): Promise<number> {
  await showStages(run.stages(), {})
  const equal = options.own ? await showTablesOnce(run) : await showWalkthrough(run)
  if (options.once) return equal ? 0 : 1
  console.log(howToGoOn(run.state, run.paths))
  // Streams on: a signal or a failed engine ends it.
  return new Promise(() => {})
}

/** Only what a person has to know: that something died, and that it is back. */
function tell(event: EngineEvent): void {
  if (event.kind === 'died') console.log(`${event.engine} ${event.how}; it is started again`)
  if (event.kind === 'gave-up') console.log(event.message)
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(failureText(error))
    process.exit(2)
  },
)
