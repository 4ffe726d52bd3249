import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from './command.ts'
import { checkoutDirectory } from './engines/paths.ts'
import type { EngineEvent } from './engines/supervisor.ts'
import { faultNamed, faults } from './faults/catalogue.ts'
import { type FaultyRun, startFaultyRun } from './faults/faulty-run.ts'
import { type FaultsOptions, faultsFlags, faultsOptions, faultsUsage } from './faults/options.ts'
import { repeating, turns } from './faults/plan.ts'
import { documentWith } from './faults/results.ts'
import { type RoundResult, runRound } from './faults/round.ts'
import { failureText } from './run/ending.ts'
import { showStages } from './run/stages.ts'
import { interruptedCode, stopSignal } from './run/stop-signal.ts'

// The AWS clients say at their first use until when they support this Node.js, which is the package's own business.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'

const document = join(checkoutDirectory, 'docs', 'reliability.md')

await runCommand({
  help: faultsUsage,
  options: faultsFlags,
  async run({ values, positionals }) {
    const options = faultsOptions(values, positionals)
    if (options.list) {
      for (const { name, what } of faults) console.log(`${name.padEnd(30)}${what}`)
      return 0
    }
    return inject(options)
  },
})

/** Runs the rounds; Ctrl-C ends them, with what was done so far told. */
async function inject(options: FaultsOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'faults-'))
  const interrupted = new AbortController()
  let stopRun: (() => Promise<void>) | undefined
  void stopSignal().then(() => {
    console.log('Stopping …')
    interrupted.abort(new Error('interrupted'))
    return stopRun?.()
  })
  console.log(
    `seed ${options.seed}; ${options.names.length === 1 ? options.names[0] : `${options.names.length} faults`}; the run's folder is ${folder}`,
  )
  const results: RoundResult[] = []
  let code = 2
  try {
    const faulty = await startFaultyRun({
      folder,
      onEngineEvent: tell,
      show: (stages) => showStages(stages, {}),
      onOpen: (stop) => {
        stopRun = stop
      },
    })
    await runRounds(faulty, options, interrupted.signal, results)
    code = results.every(({ passed }) => passed) ? 0 : 1
  } catch (error) {
    if (!interrupted.signal.aborted) console.error(failureText(error))
  }
  await stopRun?.()
  if (interrupted.signal.aborted) code = interruptedCode
  if (options.write && results.length > 0) writeFileSync(document, documentWith(readFileSync(document, 'utf8'), results))
  const failed = results.filter(({ passed }) => !passed)
  console.log(`${results.length - failed.length} of ${results.length} rounds survived`)
  for (const turn of failed) console.log(`again: ${repeating(turn)}`)
  if (code === 0 && !options.keep) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  else console.log(`What is left of the run is in ${folder}; nothing of it runs.`)
  return code
}

async function runRounds(faulty: FaultyRun, options: FaultsOptions, signal: AbortSignal, results: RoundResult[]): Promise<void> {
  const { names, seed, minutes } = options
  const endsAt = minutes === undefined ? Infinity : performance.now() + minutes * 60_000
  for (const turn of turns(names, seed, minutes !== undefined)) {
    if (performance.now() > endsAt) return
    const fault = faultNamed(turn.fault)
    console.log(`${fault.name}, seed ${turn.seed}: ${fault.what}`)
    const began = performance.now()
    try {
      const result = await runRound({ faulty, fault, seed: turn.seed, say, signal })
      results.push(result)
      const { passed, verdict, transactions, rows } = result
      console.log(
        `  ${passed ? 'survived' : 'NOT SURVIVED'}: ${verdict} (${transactions} transactions, ${rows} rows, ${((performance.now() - began) / 1000).toFixed(0)} s)`,
      )
      // The tables are as they should not be: what comes after would say nothing.
      if (!passed) return
    } catch (error) {
      if (!signal.aborted) console.log(`  NOT SURVIVED; again: ${repeating(turn)}`)
      throw error
    }
  }
}

function say(line: string): void {
  console.log(`  ${line}`)
}

function tell(event: EngineEvent): void {
  if (event.kind === 'died') console.log(`  ${event.engine} ${event.how}; it is started again`)
  if (event.kind === 'gave-up') console.log(`  ${event.message}`)
}
