import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import { quoteTable } from '../../pipeline/source-sql.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { type Kept, type TeardownAnswers, type TeardownReport, teardownKeys } from '../../pipeline/teardown.ts'
import { type StepPlace, stepHandler } from '../provision/step.ts'

/** What a shell takes as one word, whatever is in it. */
const word = (text: string) => (/^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** What outlives the teardown, in the order in which it can be deleted. */
export function kept(plan: ProvisioningPlan, clusterArn: string): Kept[] {
  const { region, partition, account, tableBucket, namespace, outlives, errorBucket, topic } = plan
  const bucket = `--region ${region} --table-bucket-arn arn:${partition}:s3tables:${region}:${account}:bucket/${tableBucket}`
  const tables = [...new Set(plan.tables.map(({ iceberg }) => iceberg))]
  const identities = plan.tables.filter(({ capture, replicaIdentity }) => capture && replicaIdentity === 'full')
  const all: [boolean, Kept][] = [
    [
      outlives.tables && tables.length > 0,
      {
        what: `${tables.length} Iceberg tables of ${tableBucket}/${namespace}`,
        remove: `for TABLE in ${tables.map(word).join(' ')}; do aws s3tables delete-table ${bucket} --namespace ${namespace} --name "$TABLE"; done`,
      },
    ],
    [
      outlives.namespace,
      { what: `the namespace ${namespace}`, remove: `aws s3tables delete-namespace ${bucket} --namespace ${namespace}` },
    ],
    [outlives.tableBucket, { what: `the table bucket ${tableBucket}`, remove: `aws s3tables delete-table-bucket ${bucket}` }],
    [outlives.errorBucket, { what: `the bucket of failed records ${errorBucket}`, remove: `aws s3 rb --force s3://${errorBucket}` }],
    [
      true,
      {
        what: `the topic ${topic.name}, until the cluster goes with the stacks`,
        remove: `aws kafka delete-topic --region ${region} --cluster-arn ${clusterArn} --topic-name ${topic.name}`,
      },
    ],
    [
      identities.length > 0,
      {
        what: `the replica identity full of ${identities.length} tables at the source, on which others may rely by now`,
        remove: identities.map((table) => `ALTER TABLE ${quoteTable(table)} REPLICA IDENTITY DEFAULT;`).join(' '),
      },
    ],
  ]
  return all.filter(([is]) => is).map(([, one]) => one)
}

/** What finishes it. The bucket of the checks' results has to be empty when it goes. */
export function nextCommands({ queryResultsBucket, outlives, errorBucket }: ProvisioningPlan): string[] {
  const emptied = outlives.errorBucket ? [queryResultsBucket] : [queryResultsBucket, errorBucket]
  return [...emptied.map((bucket) => `aws s3 rm --recursive s3://${bucket}`), 'npx cdk destroy --all']
}

export const handler = stepHandler('report-teardown', reportTeardown)

/** What was removed, what stays, and what to run next, as the output of the execution. */
export async function reportTeardown(
  request: StepRequest<{ readonly answers: TeardownAnswers }, StepAnswer, unknown>,
  { plan, environment, now }: Pick<StepPlace, 'plan' | 'environment' | 'now'>,
): Promise<StepAnswer & TeardownReport> {
  const { answers } = request.parameters
  // The canary's row leaves nothing behind, and a catalog that is there is nothing that was removed.
  const lasting = teardownKeys.filter((key) => !/Canary|checkCatalog/.test(key))
  const of = (member: 'did' | 'already') => [...new Set(lasting.flatMap((key) => answers[key]?.[member] ?? []))]
  const [did, already] = [of('did'), of('already')]
  const outcome = did.length === 0 ? 'nothing was to be done: the pipeline is down' : 'the pipeline is down'
  return {
    ...ready(request, now(), { seen: outcome, did, already }),
    outcome,
    undelivered: answers.checkOwnership?.undelivered ?? null,
    kept: kept(plan, environment.clusterArn),
    next: nextCommands(plan),
  }
}
