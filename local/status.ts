import { PipelineError } from '../pipeline/errors.ts'
import { provisioningPlan } from '../pipeline/provisioning-plan.ts'
import { resourceNames } from '../pipeline/resource-names.ts'
import { capturedTables } from '../pipeline/tables.ts'
import { runCommand } from './command.ts'
import { deliveryStatus } from './run/delivery.ts'
import { readTablesFile } from './source/tables-file.ts'
import { statusClients } from './status/clients.ts'
import { judge, verdictOf } from './status/judge.ts'
import { look } from './status/look.ts'
import { statusFlags, statusOptions, statusUsage } from './status/options.ts'
import { namedAwsError, placeOf } from './status/place.ts'
import { screen } from './status/screen.ts'

// The clients say at their first use until when they support this Node.js, which is the package's own business.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'

await runCommand({
  help: statusUsage,
  options: statusFlags,
  async run({ values, positionals }) {
    const options = statusOptions(values, positionals)
    const { deployment, tablesFile, address, heading, provision, run } = placeOf(options)
    const endOffsets = run && (async () => (await deliveryStatus(run.deliveryUri)).partitions.map(({ endOffset }) => endOffset))
    const file = readTablesFile(tablesFile)
    if (!file)
      throw new PipelineError('InvalidTables', `There is no ${tablesFile}: name the declaration of the deployed tables with --tables.`)
    const { region, account } = deployment
    const plan = provisioningPlan(deployment, capturedTables(file.tables))
    const clients = statusClients(address)
    const now = new Date()
    try {
      const stateMachine = `arn:${plan.partition}:states:${region}:${account}:stateMachine:${resourceNames(deployment).stateMachine}`
      const facts = await look({ clients, plan, stateMachine, counts: options.counts, now, ...(endOffsets ? { endOffsets } : {}) })
      const hops = judge(facts, { bufferingSeconds: deployment.buffering.intervalSeconds, provision, region, now })
      const verdict = verdictOf(hops)
      const machines = { at: now.toISOString(), account, region, stateMachine, verdict, hops, facts }
      process.stdout.write(options.json ? `${JSON.stringify(machines, null, 2)}\n` : screen(`${heading}, ${now.toISOString()}`, hops))
      return verdict === 'green' ? 0 : 1
    } catch (error) {
      throw namedAwsError(error)
    } finally {
      for (const client of Object.values(clients)) client.destroy()
    }
  },
})
