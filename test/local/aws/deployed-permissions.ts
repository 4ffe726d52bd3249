import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LocalAccount } from '../../../local/cloudformation/account.ts'
import type { Assembly } from '../../../local/cloudformation/assembly.ts'
import { deployAssembly } from '../../../local/cloudformation/deploy.ts'
import { resourceDependencies } from '../../../local/cloudformation/references.ts'
import type { Template } from '../../../local/cloudformation/template.ts'

/** What says who may do what; the cluster is what Kafka's names are about. */
const permissions = [
  'AWS::IAM::Role',
  'AWS::IAM::Policy',
  'AWS::IAM::ManagedPolicy',
  'AWS::Lambda::Permission',
  'AWS::S3::BucketPolicy',
  'AWS::MSK::Cluster',
  'AWS::SSM::Parameter',
]

/** Deploys of each stack what says who may do what, and what that refers to; no code is needed for it. */
export async function deployPermissions(
  account: LocalAccount,
  templates: Readonly<Record<string, Template>>,
  directory: string,
): Promise<void> {
  const code = join(directory, 'no-code')
  mkdirSync(code, { recursive: true })
  writeFileSync(join(code, 'index.mjs'), '')
  const assembly: Assembly = {
    directory,
    stacks: Object.entries(templates).map(([name, template]) => {
      const Resources = needed(name, template)
      const keys = JSON.stringify(Resources).matchAll(/"([0-9a-f]{64})\.(zip|json)"/g)
      const bucket = `cdk-hnb659fds-assets-${account.id}-${account.region}`
      return {
        name,
        account: account.id,
        region: account.region,
        template: { ...template, Resources, Outputs: {} },
        dependencies: [],
        assets: [...keys].map(([, hash, ending]) => ({ path: code, packaging: 'zip' as const, bucket, key: `${hash}.${ending}` })),
      }
    }),
  }
  await deployAssembly(assembly, account)
}

function needed(stack: string, { Resources }: Template): Template['Resources'] {
  const dependencies = resourceDependencies(stack, Resources)
  const found = new Set<string>()
  const add = (id: string): void => {
    if (found.has(id)) return
    found.add(id)
    for (const dependency of dependencies.get(id) ?? []) add(dependency)
  }
  for (const [id, { Type }] of Object.entries(Resources)) if (permissions.includes(Type)) add(id)
  return Object.fromEntries(Object.entries(Resources).filter(([id]) => found.has(id)))
}
