import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { PipelineError } from '../../pipeline/errors.ts'
import { hasContent, splitStatements } from './tokens.ts'

export interface PromptSettings {
  readonly historyFile: string
  /** Runs one statement and shows its rows. */
  readonly run: (statement: string) => Promise<void>
  readonly input?: NodeJS.ReadableStream
  readonly output?: NodeJS.WritableStream
}

const help = 'End a query with ; · \\t lists the tables · \\q leaves · \\? shows this'

/** A prompt on the terminal: statements end with `;` and may take several lines. Ends with `\q`, Ctrl-D, or Ctrl-C on an empty line. */
export async function prompt({ historyFile, run, input = process.stdin, output = process.stdout }: PromptSettings): Promise<void> {
  const history = existsSync(historyFile) ? readFileSync(historyFile, 'utf8').split('\n').filter(Boolean) : []
  const terminal = createInterface({
    input,
    output,
    history,
    historySize: 500,
    removeHistoryDuplicates: true,
  })
  // Queries may hold values: the file is its owner's.
  terminal.on('history', (lines) => writeFileSync(historyFile, `${lines.join('\n')}\n`, { mode: 0o600 }))
  let pending = ''
  let left = false
  const ask = () => {
    terminal.setPrompt(pending === '' ? 'sql> ' : '  -> ')
    terminal.prompt()
  }
  terminal.on('SIGINT', () => {
    if (pending === '' && terminal.line === '') terminal.close()
    else {
      pending = ''
      output.write('\n')
      terminal.write(null, { ctrl: true, name: 'u' })
      ask()
    }
  })
  output.write(`${help}\n`)
  ask()
  for await (const line of terminal) {
    const command = line.trim()
    if (command === '\\q') {
      left = true
      break
    }
    if (command === '\\?') output.write(`${help}\n`)
    else if (command === '\\t') await shown('SHOW TABLES', run, output)
    else {
      const { statements, rest } = splitStatements(`${pending}${line}\n`)
      for (const statement of statements) await shown(statement, run, output)
      pending = hasContent(rest) ? rest : ''
    }
    ask()
  }
  terminal.close()
  // Ctrl-D leaves the cursor behind the prompt.
  if (!left) output.write('\n')
}

/** A refused query leaves the prompt as it was. */
async function shown(statement: string, run: PromptSettings['run'], output: NodeJS.WritableStream): Promise<void> {
  try {
    await run(statement)
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    output.write(`${error.message}\n`)
  }
}
