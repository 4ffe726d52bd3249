import type { DeployedResource } from '../../cloudformation/account.ts'
import { scalarText } from '../../cloudformation/json.ts'
import { AwsError, type AwsRequest } from '../endpoint.ts'
import type { AwsPlace } from '../place.ts'
import { changeState, connectState } from './connector-state.ts'
import { requireDeployed } from './creation-checks.ts'
import { page } from './listing.ts'

/** What plugins and worker configurations have in common, and how the API names each. */
interface Kind {
  readonly type: 'AWS::KafkaConnect::CustomPlugin' | 'AWS::KafkaConnect::WorkerConfiguration'
  readonly member: 'customPlugin' | 'workerConfiguration'
  readonly action: 'CustomPlugin' | 'WorkerConfiguration'
}

const plugin: Kind = { type: 'AWS::KafkaConnect::CustomPlugin', member: 'customPlugin', action: 'CustomPlugin' }
const worker: Kind = { type: 'AWS::KafkaConnect::WorkerConfiguration', member: 'workerConfiguration', action: 'WorkerConfiguration' }

type Operation = (place: AwsPlace, request: AwsRequest, arn: string, query: URLSearchParams) => object | Promise<object>

export const listCustomPlugins = listing(plugin)
export const describeCustomPlugin = describing(plugin)
export const deleteCustomPlugin = deleting(plugin)
export const listWorkerConfigurations = listing(worker)
export const describeWorkerConfiguration = describing(worker)
export const deleteWorkerConfiguration = deleting(worker)

function listing(kind: Kind): Operation {
  return (place, { authorize }, _arn, query) => {
    authorize(`kafkaconnect:List${kind.action}s`, '*')
    const { deleted } = connectState(place.account).get()
    const prefix = query.get('namePrefix') ?? ''
    const made = place.account
      .find(kind.type)
      .filter(({ arn, properties }) => !deleted.includes(arn ?? '') && scalarText(properties.Name).startsWith(prefix))
    const { items, nextToken } = page(made, query)
    return { [`${kind.member}s`]: items.map((item) => described(place, kind, item)), nextToken }
  }
}

function describing(kind: Kind): Operation {
  return (place, { authorize }, arn) => {
    authorize(`kafkaconnect:Describe${kind.action}`, arn)
    requireDeployed(place, kind.type, arn)
    const resource = place.account.findByArn(arn)
    return resource ? described(place, kind, resource) : {}
  }
}

/** Neither can be deleted while a connector uses it. */
function deleting(kind: Kind): Operation {
  return async (place, { authorize }, arn) => {
    authorize(`kafkaconnect:Delete${kind.action}`, arn)
    requireDeployed(place, kind.type, arn)
    const { connectors, deleted } = connectState(place.account).get()
    const user = Object.values(connectors).find(({ request }) =>
      [request.plugins[0]?.customPlugin.customPluginArn, request.workerConfiguration?.workerConfigurationArn].includes(arn),
    )
    if (user) throw new AwsError('ConflictException', `${arn} is in use by the connector ${user.request.connectorName}.`, 409)
    await changeState(place.account, { deleted: [...deleted, arn] })
    place.account.forget(arn)
    await place.account.save()
    return { [`${kind.member}Arn`]: arn, [`${kind.member}State`]: 'DELETING' }
  }
}

function described({ account }: AwsPlace, { member }: Kind, { arn = '', properties }: DeployedResource): object {
  const creationTime = new Date(connectState(account).get().made[arn] ?? 0).toISOString()
  const description = scalarText(properties.Description)
  const { ContentType, PropertiesFileContent } = properties
  return {
    [`${member}Arn`]: arn,
    [`${member}State`]: 'ACTIVE',
    name: scalarText(properties.Name),
    description,
    creationTime,
    latestRevision: {
      revision: 1,
      creationTime,
      description,
      ...(ContentType === undefined ? {} : { contentType: ContentType }),
      ...(PropertiesFileContent === undefined ? {} : { propertiesFileContent: PropertiesFileContent }),
    },
  }
}
