/** What a user can put right: the message is one sentence or two on what is wrong, where, and what to do. Printed without a stack. */
export class SetupFailure extends Error {
  name = 'SetupFailure'
}

/** The end of a program's output that says most, for a message: the last lines that are not blank. */
export function lastLines(output, count = 3) {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  return lines.slice(-count).join('\n')
}
