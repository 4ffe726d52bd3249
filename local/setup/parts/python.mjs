import { runProgram } from '../program.mjs'

/** A Python on the PATH that has pip; undefined where there is none. */
export async function findPython(env) {
  for (const python of ['python3', 'python']) {
    if ((await runProgram(python, ['-m', 'pip', '--version'], { env })).code === 0) return python
  }
  return undefined
}
