import { join } from 'node:path'
import type { Principals } from '../aws/principals.ts'
import type { DeployedResource, LocalAccount } from '../cloudformation/account.ts'
import { type Json, scalarText } from '../cloudformation/json.ts'
import { localFunction } from '../cloudformation/resources/lambda-function.ts'
import { type InvocationResult, type RunningFunction, runFunction } from '../lambda/function.ts'

/** The deployed functions, run where they are invoked. */
export interface DeployedFunctions {
  /**
   * Invokes a function, by name or ARN, with its role's credentials. Invocations at the same time run in processes of their own, as at
   * Lambda. A signal that is given ends the process in the middle.
   * @throws Error where there is no such function, or the signal ended it
   */
  invoke(nameOrArn: string, payload: Json, signal?: AbortSignal): Promise<InvocationResult>
  find(nameOrArn: string): DeployedResource | undefined
  /** Processes that run now; those of one function, by name or ARN, where one is named. */
  pids(nameOrArn?: string): readonly number[]
  close(): Promise<void>
}

export interface FunctionsPlace {
  readonly account: LocalAccount
  readonly principals: Principals
  /** Of the local AWS endpoint. */
  readonly endpointUri: () => string
  readonly logsDirectory: string
}

/** How long a process is kept for the next invocation: a step that is asked again and again is not started each time. */
const idleMs = 10_000

interface Kept {
  readonly running: RunningFunction
  /** What it was started from: a function that was deployed anew is started anew. */
  readonly from: string
  timer: NodeJS.Timeout | undefined
}

export function deployedFunctions({ account, principals, endpointUri, logsDirectory }: FunctionsPlace): DeployedFunctions {
  const idle = new Map<string, Kept[]>()
  /** With the names of the functions. */
  const all = new Map<RunningFunction, string>()
  let closed = false

  const find = (nameOrArn: string) =>
    account.find('AWS::Lambda::Function').find(({ arn, physicalId }) => arn === nameOrArn || physicalId === nameOrArn)

  const start = (resource: DeployedResource): Kept => {
    const fn = localFunction(resource)
    const { accessKeyId, secretAccessKey, sessionToken } = principals.assume(scalarText(resource.properties.Role), {
      service: 'lambda.amazonaws.com',
      session: fn.functionName,
    })
    const running = runFunction(fn, {
      functionArn: resource.arn ?? resource.physicalId,
      region: account.region,
      // Where CloudWatch's stand-in finds it.
      logFile: join(logsDirectory, `${fn.functionName}.log`),
      environment: {
        AWS_ENDPOINT_URL: endpointUri(),
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_SESSION_TOKEN: sessionToken,
      },
    })
    all.set(running, resource.physicalId)
    return { running, from: sourceOf(resource), timer: undefined }
  }

  const end = async ({ running }: Kept) => {
    all.delete(running)
    await running.close()
  }

  const take = (resource: DeployedResource): Kept => {
    const waiting = idle.get(resource.physicalId) ?? []
    const kept = waiting.pop()
    if (!kept) return start(resource)
    clearTimeout(kept.timer)
    if (kept.from === sourceOf(resource)) return kept
    void end(kept)
    return take(resource)
  }

  const keep = (name: string, kept: Kept) => {
    const waiting = idle.get(name) ?? []
    idle.set(name, waiting)
    waiting.push(kept)
    kept.timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(kept), 1)
      void end(kept)
    }, idleMs).unref()
  }

  return {
    find,
    pids(nameOrArn) {
      const name = nameOrArn === undefined ? undefined : find(nameOrArn)?.physicalId
      const running = [...all].filter(([, of]) => nameOrArn === undefined || of === name)
      return running.flatMap(([{ pid }]) => pid ?? [])
    },
    async invoke(nameOrArn, payload, signal) {
      if (closed) throw new Error('the functions are stopped')
      signal?.throwIfAborted()
      const resource = find(nameOrArn)
      if (!resource) throw new Error(`there is no function ${nameOrArn}`)
      const kept = take(resource)
      const kill = () => void end(kept)
      signal?.addEventListener('abort', kill)
      try {
        const result = await kept.running.invoke(Buffer.from(JSON.stringify(payload)))
        signal?.throwIfAborted()
        if (closed) throw new Error('the functions are stopped')
        keep(resource.physicalId, kept)
        return result
      } finally {
        signal?.removeEventListener('abort', kill)
      }
    },
    async close() {
      closed = true
      for (const { timer } of [...idle.values()].flat()) clearTimeout(timer)
      await Promise.all([...all.keys()].map((running) => running.close()))
    },
  }
}

const sourceOf = (resource: DeployedResource) => JSON.stringify([resource.arn, resource.properties, resource.local])
