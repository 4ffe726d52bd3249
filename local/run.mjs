// The commands of package.json start here. This file stays within the syntax of old Node versions, so that one that is too old
// for the rest is told so instead of meeting a syntax error.
const wanted = [20, 11]
const found = process.versions.node.split('.').map(Number)

if (found[0] < wanted[0] || (found[0] === wanted[0] && found[1] < wanted[1])) {
  process.stderr.write(
    'Node.js ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ') is too old: install Node.js ' +
      wanted.join('.') +
      ' or newer, then run this again.\n',
  )
  process.exitCode = 1
} else {
  import('./setup/commands.mjs')
    .then(function (commands) {
      return commands.run(process.argv.slice(2))
    })
    .catch(function (error) {
      process.stderr.write(error.stack + '\n')
      process.exitCode = 1
    })
}
