import { unreachableLine } from '../../../../local/setup/parts/registry.mjs'

// What the tools really wrote, from runs against an unknown host, a closed port and an empty cache.
const said: [string, string, string][] = [
  [
    'npm 11, unknown host',
    `npm error code ENOTFOUND
npm error syscall getaddrinfo
npm error network request to http://no-such-host.invalid/aws-cdk-lib failed, reason: getaddrinfo ENOTFOUND no-such-host.invalid
npm error network This is a problem related to network connectivity.`,
    'network request to http://no-such-host.invalid/aws-cdk-lib failed, reason: getaddrinfo ENOTFOUND no-such-host.invalid',
  ],
  [
    'npm 11, offline and nothing in its cache',
    'npm error code ENOTCACHED\nnpm error request to https://registry.example/pg failed: cache mode is "only-if-cached" but no cached response is available.',
    'request to https://registry.example/pg failed: cache mode is "only-if-cached" but no cached response is available.',
  ],
  ['npm 11, refused', 'npm error code E403\nnpm error 403 403 Forbidden - GET https://registry.example/pg', 'code E403'],
  [
    'Maven 3.8, unknown host',
    '[ERROR] Plugin org.apache.maven.plugins:maven-resources-plugin:3.3.1 or one of its dependencies could not be resolved: Failed to read artifact descriptor for org.apache.maven.plugins:maven-resources-plugin:jar:3.3.1: Could not transfer artifact org.apache.maven.plugins:maven-resources-plugin:pom:3.3.1 from/to m (https://no-such-host.invalid/maven2): transfer failed for https://no-such-host.invalid/maven2/org/a.pom: no-such-host.invalid: Name or service not known -> [Help 1]',
    'transfer failed for https://no-such-host.invalid/maven2/org/a.pom: no-such-host.invalid: Name or service not known',
  ],
  [
    'Maven 3.8, offline',
    '[ERROR] Plugin org.apache.maven.plugins:maven-resources-plugin:3.3.1 or one of its dependencies could not be resolved: Cannot access central (https://repository.example/maven2) in offline mode and the artifact org.apache.maven.plugins:maven-resources-plugin:jar:3.3.1 has not been downloaded from it before. -> [Help 1]',
    'Plugin org.apache.maven.plugins:maven-resources-plugin:3.3.1 or one of its dependencies could not be resolved: Cannot access central (https://repository.example/maven2) in offline mode and the artifact org.apache.maven.plugins:maven-resources-plugin:jar:3.3.1 has not been downloaded from it before.',
  ],
  [
    'pip 23',
    'ERROR: Could not find a version that satisfies the requirement duckdb-extension-avro==1.5.5 (from versions: none)\nERROR: No matching distribution found for duckdb-extension-avro==1.5.5',
    'No matching distribution found for duckdb-extension-avro==1.5.5',
  ],
]

test.each(said)('%s: the line that says so', (_, output, line) => {
  expect(unreachableLine(output)).toBe(line)
})

test('a failure of another kind is not blamed on the registry', () => {
  expect(unreachableLine('npm error code EUSAGE\nnpm error `npm ci` can only install packages when …')).toBeUndefined()
  expect(unreachableLine('[ERROR] COMPILATION ERROR :\n[ERROR] /x/A.java:[62,13] cannot find symbol')).toBeUndefined()
  expect(unreachableLine('npm error code ENOSPC\nnpm error nospc ENOSPC: no space left on device')).toBeUndefined()
})
