import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from './command.ts'
import { checkoutDirectory } from './engines/paths.ts'
import type { EngineEvent } from './engines/supervisor.ts'
import { faultNamed, faults } from './faults/catalogue.ts'
import { type FaultsOptions, faultsFlags, faultsOptions, faultsUsage } from './faults/options.ts'
import { repeating, type Turn, turns } from './faults/plan.ts'
import { documentWith } from './faults/results.ts'
import type { RoundResult } from './faults/round.ts'
import { openRounds, type Rounds } from './faults/rounds.ts'
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
  // The server of the source may run as another user.
  chmodSync(folder, 0o755)
  const stopping = new AbortController()
  const rounds = openRounds({ folder, say, onEngineEvent: tell, show: (stages) => showStages(stages, {}), signal: stopping.signal })
  void stopSignal().then(() => {
    console.log('Stopping …')
    stopping.abort(new Error('stopped'))
    return rounds.stop()
  })
  const { names, seed, minutes } = options
  console.log(`seed ${seed}; ${names.length === 1 ? names[0] : `${names.length} faults`}; the folder of the run is ${folder}`)
  const results: RoundResult[] = []
  let code = 0
  const endsAt = minutes === undefined ? Infinity : performance.now() + minutes * 60_000
  for (const turn of turns(names, seed, minutes !== undefined)) {
    if (code !== 0 || performance.now() > endsAt) break
    code = await play(rounds, turn, results)
  }
  await rounds.stop()
  if (stopping.signal.aborted) code = interruptedCode
  if (options.write && results.length > 0) writeFileSync(document, documentWith(readFileSync(document, 'utf8'), results))
  console.log(`${results.filter(({ passed }) => passed).length} rounds survived`)
  if (code === 0 && !options.keep) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  else console.log(`What is left of the run is in ${folder}; nothing of it runs.`)
  return code
}

/** One round, told; 0 when it was survived. The tables are as they should not be when it was not: what would come after would say nothing. */
async function play(rounds: Rounds, turn: Turn, results: RoundResult[]): Promise<number> {
  console.log(`${turn.fault}, seed ${turn.seed}: ${faultNamed(turn.fault).what}`)
  const began = performance.now()
  try {
    const result = await rounds.play(turn)
    results.push(result)
    const { passed, verdict, transactions, rows } = result
    say(
      `${passed ? 'survived' : 'NOT SURVIVED'}: ${verdict} (${transactions} transactions, ${rows} rows, ${((performance.now() - began) / 1000).toFixed(0)} s)`,
    )
    if (passed) return 0
    console.log(`again: ${repeating(turn)}`)
    return 1
  } catch (error) {
    if (rounds.stopped) return interruptedCode
    console.log(`The round could not be judged. Again: ${repeating(turn)}`)
    console.error(failureText(error))
    return 2
  }
}

function say(line: string): void {
  console.log(`  ${line}`)
}

function tell(event: EngineEvent): void {
  if (event.kind === 'died') say(`${event.engine} ${event.how}; it is started again`)
  if (event.kind === 'gave-up') say(event.message)
}
