import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn'
import { resourceNames } from '../pipeline/resource-names.ts'
import { runCommand } from './command.ts'
import { checkoutDirectory } from './engines/paths.ts'
import { outcomeLines } from './provision/lines.ts'
import { LocalRun } from './run/local-run.ts'
import { provision } from './run/provisioning.ts'
import { runStages, type Stage } from './run/stages.ts'
import { timeScale } from './run/time-scale.ts'

const help = `npm run transcript -- [--out FILE]

Runs the pipeline once in a folder that is thrown away, and writes what a person sees of its provisioning: the deployment with its gate, the first
execution, and one more.

  --out FILE   where to (default: docs/provisioning.txt)
`

const introduction = `What provisioning looks like: the transcript of a full local run, made by npm run transcript.

Times are those of this machine. What AWS's own machinery takes, and the waits of the state machine, are shortened by ${Math.round(1 / timeScale)}: 0.1 s here is a
minute there (turning connectivity on takes 20 to 75 min at AWS, a new connector 5 to 15 min). What the engines do takes what it takes.
A line with … says what was seen while something was waited for, ✓ that a step was done; below it stands what the step changed.
`

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'

async function runOnce(tell: (line: string) => void): Promise<void> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'transcript-'))
  // PostgreSQL has a user of its own where this one is root.
  chmodSync(dataDirectory, 0o755)
  const run = await LocalRun.open({ dataDirectory, explicitData: true, reset: false, tell: (line) => tell(`  ${line}`) })
  try {
    await runStages(
      run.stages().map((stage) => entitled(stage, tell)),
      {},
    )
    await tellOutcomes(run, tell)
    tell('\n$ npm run provision -- --local\n')
    await provision(run.aws, run.deployment, { say: () => {}, tell: (line) => tell(`  ${line}`) }, new AbortController().signal)
    await tellOutcomes(run, tell)
  } finally {
    await run.stop()
    rmSync(dataDirectory, { recursive: true, force: true })
  }
}

const titles: Readonly<Record<string, string>> = {
  'Deploy the stacks': 'npx cdk deploy --all',
  Provisioning: 'aws stepfunctions start-execution --state-machine-arn …',
}

/** The stages that a person starts at AWS, too, begin with the command there. */
function entitled(stage: Stage<object>, tell: (line: string) => void): Stage<object> {
  const command = titles[stage.title]
  const { run } = stage
  return {
    ...stage,
    ...(stage.parallel ? { parallel: stage.parallel.map((part) => entitled(part, tell)) } : {}),
    ...(run && command !== undefined
      ? {
          run: (context, say) => {
            tell(`\n$ ${command}\n`)
            return run(context, say)
          },
        }
      : {}),
  }
}

/** How the newest execution ended. */
async function tellOutcomes({ aws, deployment }: LocalRun, tell: (line: string) => void): Promise<void> {
  const { account, endpoint, place, workflow } = aws
  const [newest] = workflow.executions.list(account.arn('states', `stateMachine:${resourceNames(deployment).stateMachine}`))
  const client = new SFNClient({ endpoint: endpoint.uri, region: account.region, credentials: place.principals.administrator })
  try {
    const ended = await client.send(new DescribeExecutionCommand({ executionArn: newest?.executionArn }))
    tell('')
    for (const line of outcomeLines(ended)) tell(`  ${line}`)
  } finally {
    client.destroy()
  }
}

await runCommand({
  help,
  options: { out: { type: 'string' } },
  async run({ values }) {
    const lines: string[] = []
    const tell = (line: string) => {
      lines.push(line)
      console.log(line)
    }
    tell(introduction)
    await runOnce(tell)
    writeFileSync(resolve(values.out ?? join(checkoutDirectory, 'docs', 'provisioning.txt')), `${lines.join('\n')}\n`)
    return 0
  },
})
