/** The folder of a test says what it needs: nothing, a large part of the app at once (stacks, state machines, stand-ins), a PostgreSQL server, or all engines. */
const project = (displayName, testMatch, ignored = []) => ({
  displayName,
  testMatch,
  testPathIgnorePatterns: ['/node_modules/', ...ignored],
  modulePathIgnorePatterns: ['<rootDir>/.data', '<rootDir>/.engines', '<rootDir>/cdk.out'],
  testEnvironment: 'node',
  transform: {
    '\\.(ts|mjs)$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } }],
  },
})

// Each of AWS's clients would say in each worker until when it supports this Node.js.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

export default {
  // Tests with engines wait most of the time.
  maxWorkers: '100%',
  // A machine with other work to do takes many times as long; a test that hangs is still ended.
  testTimeout: 30_000,
  projects: [
    project('unit', ['<rootDir>/test/**/*.test.ts'], ['/test/whole-app/', '/test/with-postgres/', '/test/with-engines/']),
    project('whole-app', ['<rootDir>/test/whole-app/**/*.test.ts']),
    project('with-postgres', ['<rootDir>/test/with-postgres/**/*.test.ts']),
    project('with-engines', ['<rootDir>/test/with-engines/**/*.test.ts']),
  ],
}
