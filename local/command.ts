import { type ParseArgsConfig, parseArgs } from 'node:util'
import { PipelineError } from '../pipeline/errors.ts'
import { errorCode } from './engines/error-code.ts'

type Options = NonNullable<ParseArgsConfig['options']>
type Arguments<O extends Options> = ReturnType<
  typeof parseArgs<{ options: O & { help: { type: 'boolean' } }; allowPositionals: true; strict: true }>
>

/** What a command of the local run is: its options, its help and what it does. The answer of `run` is the exit code. */
export interface Command<O extends Options> {
  readonly options: O
  readonly help: string
  readonly run: (args: Arguments<O>) => Promise<number>
}

/**
 * Runs a command and sets the exit code: what `run` answers, or 2 for wrong arguments and every failure.
 * A failure that the pipeline names is one message on standard error; anything else is a bug and keeps its stack.
 */
export async function runCommand<O extends Options>(command: Command<O>, argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  // Whoever reads the output may have enough of it: `npm run sql … | head`.
  process.stdout.on('error', (error) => {
    if (errorCode(error) !== 'EPIPE') throw error
    process.exit()
  })
  try {
    const args = parsed(command, argv)
    if ('help' in args.values && args.values.help) {
      process.stdout.write(command.help)
      return
    }
    process.exitCode = await command.run(args)
  } catch (error) {
    process.exitCode = 2
    if (!(error instanceof PipelineError)) throw error
    process.stderr.write(`${error.name}: ${error.message}\n`)
  }
}

function parsed<O extends Options>(command: Command<O>, argv: readonly string[]): Arguments<O> {
  try {
    return parseArgs({
      options: { ...command.options, help: { type: 'boolean', short: 'h' } },
      args: [...argv],
      allowPositionals: true,
      strict: true,
    })
  } catch (error) {
    throw new PipelineError('InvalidUsage', `${error instanceof Error ? error.message : String(error)}. See --help`, { cause: error })
  }
}
