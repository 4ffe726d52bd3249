import { type AwsEndpoint, type AwsService, serveAws } from '../../../local/aws/endpoint.ts'
import { type AwsPlace, type EngineAddresses, openAwsPlace } from '../../../local/aws/place.ts'
import type { AwsCredentials } from '../../../local/aws/principals.ts'
import type { Secret } from '../../../local/aws/secrets-manager.ts'
import { type AccountFixture, accountFixture, place as region } from '../cloudformation/fixture.ts'

/** An empty account with a place of its own, in which time stands until it is moved. */
export interface PlaceFixture {
  readonly fixture: AccountFixture
  readonly place: AwsPlace
  /** Deploys a role that Lambda may take on, with these statements. @returns its ARN */
  role(name: string, statements: readonly object[]): Promise<string>
  /** Lets seconds pass on the place's clock. */
  pass(seconds: number): void
  /** Serves the services, and gives the settings of an SDK client for a role, or for the administrator. */
  serve(services: Readonly<Record<string, AwsService>>): Promise<Served>
  close(): Promise<void>
}

export interface Served {
  readonly endpoint: AwsEndpoint
  client(roleArn?: string): ClientSettings
}

export interface ClientSettings {
  readonly endpoint: string
  readonly region: string
  readonly credentials: AwsCredentials
  readonly maxAttempts: 1
}

export interface PlaceFixtureSettings {
  readonly timeScale?: number
  readonly secrets?: readonly Secret[]
  /** Engines that there are; the others throw. */
  readonly engines?: Partial<EngineAddresses>
}

export async function placeFixture({ timeScale = 1, secrets = [], engines = {} }: PlaceFixtureSettings = {}): Promise<PlaceFixture> {
  const fixture = await accountFixture()
  const account = fixture.open()
  let now = Date.parse('2026-11-22T12:00:00Z')
  const missing = (name: string) => () => {
    throw new Error(`the test has no ${name}`)
  }
  const place = await openAwsPlace({
    account,
    timeScale,
    secrets,
    now: () => now,
    engines: {
      kafkaBootstrap: missing('Kafka'),
      connectUri: missing('Kafka Connect'),
      catalogUri: () => fixture.rest.uri,
      deliveryUri: missing('delivery'),
      postgresUrl: missing('PostgreSQL'),
      logsDirectory: fixture.directory,
      ...engines,
    },
  })
  const endpoints: AwsEndpoint[] = []
  return {
    fixture,
    place,
    async role(name, statements) {
      const Properties = { RoleName: name, AssumeRolePolicyDocument: trust('lambda.amazonaws.com'), Policies: [inline(statements)] }
      await fixture.deploy({ [`role-${name}`]: { Resources: { Role: { Type: 'AWS::IAM::Role', Properties } } } }, account)
      return account.arn('iam', `role/${name}`, { region: '' })
    },
    pass(seconds) {
      now += seconds * 1000
    },
    async serve(services) {
      const endpoint = await serveAws(services, { access: place.access })
      endpoints.push(endpoint)
      return {
        endpoint,
        client: (roleArn) => ({
          endpoint: endpoint.uri,
          region: region.region,
          credentials: roleArn === undefined ? place.principals.administrator : place.principals.issue(roleArn),
          maxAttempts: 1,
        }),
      }
    },
    async close() {
      await Promise.all(endpoints.map((endpoint) => endpoint.close()))
      await fixture.close()
    },
  }
}

export function trust(service: string, condition: object = {}) {
  const statement = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: service }, Condition: condition }
  return { Version: '2012-10-17', Statement: [statement] }
}

export function inline(statements: readonly object[], name = 'Inline') {
  return { PolicyName: name, PolicyDocument: { Version: '2012-10-17', Statement: statements } }
}
