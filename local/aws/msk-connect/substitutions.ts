/**
 * What of a connector's properties cannot hold on this machine, all of it: PostgreSQL here may have no certificate, and there is one broker.
 * Hosts, ports and secrets are the deployment's own.
 */
const substitutions: readonly (readonly [property: RegExp, value: (value: string) => string])[] = [
  // Encrypted where the server can.
  [/^database\.sslmode$/, (mode) => (mode === 'require' ? 'prefer' : mode)],
  [/\.replication\.factor$/, () => '1'],
]

/** The properties that the local worker is given for those that MSK Connect is. */
export function localProperties(properties: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => {
      const [, substitute] = substitutions.find(([property]) => property.test(name)) ?? []
      return [name, substitute ? substitute(value) : value]
    }),
  )
}
