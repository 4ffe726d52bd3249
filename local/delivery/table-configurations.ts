/** An entry of the stream's `DestinationTableConfigurationList`. */
export interface TableConfiguration {
  readonly namespace: string
  readonly table: string
  /** Empty: the table's identifier fields are its keys. */
  readonly uniqueKeys: readonly string[]
  readonly errorOutputPrefix: string | undefined
}

interface Entry {
  readonly DestinationDatabaseName: string
  readonly DestinationTableName: string
  readonly UniqueKeys?: readonly string[] | undefined
  readonly S3ErrorOutputPrefix?: string | undefined
}

/** @throws Error for two entries of one table: Firehose takes one. */
export function tableConfigurations(entries: readonly Entry[]): TableConfiguration[] {
  const seen = new Set<string>()
  return entries.map((entry) => {
    const name = `${entry.DestinationDatabaseName}.${entry.DestinationTableName}`
    if (seen.has(name)) throw new Error(`delivery settings: two table configurations for ${name}`)
    seen.add(name)
    return {
      namespace: entry.DestinationDatabaseName,
      table: entry.DestinationTableName,
      uniqueKeys: entry.UniqueKeys ?? [],
      errorOutputPrefix: entry.S3ErrorOutputPrefix,
    }
  })
}
