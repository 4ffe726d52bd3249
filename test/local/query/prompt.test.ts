import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { prompt } from '../../../local/query/prompt.ts'

const directory = mkdtempSync(join(tmpdir(), 'prompt-'))
afterAll(() => rmSync(directory, { recursive: true }))

async function session(typed: string): Promise<{ statements: string[]; shown: string }> {
  const statements: string[] = []
  const input = new PassThrough()
  const output = new PassThrough()
  const shown = text(output)
  input.end(typed)
  await prompt({
    historyFile: join(directory, 'history'),
    input,
    output,
    run: async (statement) => {
      statements.push(statement)
    },
  })
  output.end()
  return { statements, shown: await shown }
}

test('the end of the input (Ctrl-D) leaves the terminal at the beginning of a line', async () => {
  const { statements, shown } = await session('SELECT 1;\n')
  expect(statements).toEqual(['SELECT 1'])
  expect(shown).toMatch(/sql> \n$/)
})

test('so does leaving by a command, without an empty line more', async () => {
  const { shown } = await session('\\q\n')
  expect(shown).not.toMatch(/\n\n$/)
})
