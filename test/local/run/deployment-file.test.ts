import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readDeployment } from '../../../local/run/deployment-file.ts'

const directory = mkdtempSync(join(tmpdir(), 'deployment-file-test-'))
afterAll(() => rmSync(directory, { recursive: true }))

test.each([
  ['missing.json', undefined, /missing\.json cannot be read .*ENOENT/],
  ['broken.json', '{', /broken\.json is not JSON /],
  ['empty.json', '{}', /empty\.json has \d+ faults/],
])('%s is refused by name', (name, text, message) => {
  const file = join(directory, name)
  if (text !== undefined) writeFileSync(file, text)
  expect(() => readDeployment(file)).toThrow(
    expect.objectContaining({ name: 'InvalidDeployment', message: expect.stringMatching(message) }),
  )
})
