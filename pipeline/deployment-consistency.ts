/** A setting that does not go with another one. */
interface Fault {
  readonly path: (string | number)[]
  readonly input: unknown
  readonly allowed: string
}

/**
 * What the parts of a deployment file say about each other. It runs over files with other faults too, so that all are told at once: nothing is
 * taken for granted about the value.
 */
export function consistencyFaults(deployment: unknown): Fault[] {
  const at = (...path: string[]): unknown => path.reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), deployment)
  const faults: Fault[] = []
  const report = (path: (string | number)[], input: unknown, allowed: string) => faults.push({ path, input, allowed })

  // https://docs.aws.amazon.com/msk/latest/developerguide/msk-create-cluster.html: brokers are spread evenly over the subnets.
  const subnets = at('network', 'subnets')
  const brokers = at('kafka', 'brokers')
  if (Array.isArray(subnets) && subnets.length > 1 && typeof brokers === 'number' && brokers % subnets.length !== 0)
    report(['kafka', 'brokers'], brokers, `a multiple of the number of subnets, which is ${subnets.length}`)
  if (Array.isArray(subnets))
    subnets.forEach((subnet: unknown, index) => {
      if (subnets.indexOf(subnet) < index) report(['network', 'subnets', index], subnet, 'a subnet that is not in the list already')
    })

  const storage = at('kafka', 'storageGiB')
  const maximum = at('kafka', 'maximumStorageGiB')
  if (typeof storage === 'number' && typeof maximum === 'number' && maximum < storage)
    report(['kafka', 'maximumStorageGiB'], maximum, `at least storageGiB, which is ${storage}`)

  const home = { region: at('region'), account: at('account') }
  const places: [string[], Partial<typeof home>][] = [
    [['secrets', 'debezium'], home],
    [['secrets', 'preparation'], home],
    [['secrets', 'kmsKey'], { region: home.region }],
    [['kmsKey'], { region: home.region }],
    [['alarms', 'topic'], home],
  ]
  for (const [path, wanted] of places) {
    const arn = at(...path)
    if (typeof arn !== 'string') continue
    const [, , , region, account] = arn.split(':')
    if (region !== undefined && typeof wanted.region === 'string' && region !== wanted.region)
      report(path, arn, `an ARN of the Region of the deployment, ${wanted.region}`)
    else if (account !== undefined && typeof wanted.account === 'string' && account !== wanted.account)
      report(path, arn, `an ARN of the account of the deployment, ${wanted.account}`)
  }

  if (at('alarms', 'topic') !== undefined && at('alarms', 'email') !== undefined)
    report(['alarms', 'email'], at('alarms', 'email'), 'nothing beside alarms.topic: subscribe the address to that topic')

  // What is there already cannot be in something that has yet to be created.
  const create = (name: string) => at(name, 'create')
  if (create('tableBucket') === true && create('namespace') === false)
    report(['namespace', 'create'], false, 'true, since the table bucket is created')
  const existing = at('tables', 'existing')
  const named = Array.isArray(existing) && existing.length > 0
  if (create('namespace') === true && create('tables') === false)
    report(['tables', 'create'], false, 'true, since the namespace is created')
  if (create('namespace') === true && named) report(['tables', 'existing'], existing, 'nothing, since the namespace is created')
  if (create('tables') === false && named) report(['tables', 'existing'], existing, 'nothing, since no table is created')

  const tags = at('tags')
  for (const [name, value] of Object.entries(isObject(tags) ? tags : {}))
    if (/^aws:/i.test(name)) report(['tags', name], value, 'a name that does not start with "aws:"')
  return faults
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
