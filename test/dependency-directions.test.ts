import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** Which folders of the project, and which packages, the files of a folder may import. `local/` may see everything and nothing sees it. */
const allowed: Record<string, { folders: string[]; packages: RegExp }> = {
  bin: { folders: ['bin', 'lib', 'pipeline'], packages: /^(aws-cdk-lib|constructs|node:)/ },
  lib: { folders: ['lib', 'pipeline'], packages: /^(aws-cdk-lib|constructs|cdk-nag|esbuild|node:(fs|path|crypto))/ },
  pipeline: { folders: ['pipeline'], packages: /^(zod|node:crypto)$/ },
  handlers: {
    folders: ['handlers', 'pipeline'],
    packages: /^(@aws-sdk\/client-|@aws-lambda-powertools\/|node:(buffer|crypto|perf_hooks)$)/,
  },
}
const root = resolve(import.meta.dirname, '..')

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(root, folder, name))
}

/** What a file imports when it runs or is checked: static, dynamic and type-only imports alike. */
function imports(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/(?:^|\s)(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => String(match[1]))
}

function violations(folder: string): string[] {
  const rule = allowed[folder]
  if (!rule) throw new Error(`no rule for ${folder}/`)
  return sources(folder).flatMap((file) =>
    imports(file)
      .filter((name) => {
        if (!name.startsWith('.')) return !rule.packages.test(name)
        const [target] = relative(root, resolve(dirname(file), name)).split('/')
        return target === undefined || !rule.folders.includes(target)
      })
      .map((name) => `${relative(root, file)} imports ${name}`),
  )
}

test.each(Object.keys(allowed))('%s/ imports only what it may', (folder) => {
  expect(sources(folder)).not.toHaveLength(0)
  expect(violations(folder)).toEqual([])
})

/** Packages under the AGPL, which tests may use and nothing that users run. */
const testsOnly = /^@cloud-copilot\/iam-(simulate|policy|utils)/

test.each([...Object.keys(allowed), 'local'])('%s/ imports no package that is for tests only', (folder) => {
  const found = sources(folder).flatMap((file) => imports(file).filter((name) => testsOnly.test(name)))
  expect(found).toEqual([])
})

test('an import is found in each of its forms', () => {
  const file = join(root, 'test', 'dependency-directions.test.ts')
  expect(imports(file)).toEqual(expect.arrayContaining(['node:fs', 'node:path']))
})
