import type { EngineAddresses } from '../aws/place.ts'

type AddressName = 'kafkaBootstrap' | 'connectUri' | 'catalogUri' | 'deliveryUri' | 'postgresUrl'

/** Where the engines of a run are: each address is known once its engine was started. */
export interface Addresses extends EngineAddresses {
  keep(name: AddressName, address: string): void
}

export function openAddresses(logsDirectory: string): Addresses {
  const known = new Map<AddressName, string>()
  const read = (name: AddressName) => (): string => {
    const address = known.get(name)
    if (address === undefined) throw new Error(`${name} is not known yet: its engine was not started`)
    return address
  }
  return {
    logsDirectory,
    keep: (name, address) => void known.set(name, address),
    kafkaBootstrap: read('kafkaBootstrap'),
    connectUri: read('connectUri'),
    catalogUri: read('catalogUri'),
    deliveryUri: read('deliveryUri'),
    postgresUrl: read('postgresUrl'),
  }
}
