import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readDeployment } from '../../../local/run/deployment-file.ts'
import { writeLocalDeployment } from '../../../local/run/local-deployment.ts'

const folder = mkdtempSync(join(tmpdir(), 'local-deployment-'))
afterAll(() => rmSync(folder, { recursive: true }))

const standard = 'local/deployment.json'
const file = join(folder, 'deployment.json')
const database = (hostname: string) => ({ database: { hostname, port: 6543, name: 'erp', sslmode: 'prefer' as const } })

it.each([
  ['db.example.com', 'db.example.com'],
  ['DB.Example.com', 'db.example.com'],
  ['10.1.2.3', '10.1.2.3'],
  ['localhost', '127.0.0.1'],
])('puts the database at %s in the Aurora cluster’s place, and leaves the rest as it is', async (hostname, endpoint) => {
  await writeLocalDeployment(standard, file, database(hostname))
  const { $schema: _, ...before } = readDeployment(standard)
  expect(readDeployment(file)).toEqual({ ...before, aurora: { ...before.aurora, endpoint, port: 6543, database: 'erp' } })
})

it('writes the same text for the same database, so that nothing is synthesized anew', async () => {
  await writeLocalDeployment(standard, file, database('localhost'))
  const first = readFileSync(file, 'utf8')
  await writeLocalDeployment(standard, file, database('localhost'))
  expect(readFileSync(file, 'utf8')).toBe(first)
})
