import { createHmac, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { LocalAccount } from '../cloudformation/account.ts'
import { type Policies, policiesOf } from './authorization/policies.ts'
import { AwsError } from './endpoint.ts'

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

/** Who signed a request. */
export interface Caller {
  /** `arn:aws:sts::<account>:assumed-role/<role>/<session>` */
  readonly arn: string
  /** Undefined: the administrator, who may do everything. */
  readonly roleArn: string | undefined
}

/** Which service takes a role on, and for which of its resources: what a trust policy may ask for. */
export interface Assumption {
  /** `lambda.amazonaws.com` */
  readonly service: string
  readonly sourceArn?: string
  readonly session?: string
}

/** Roles and their sessions. Keys are the same whenever they are issued again from the same data folder. */
export interface Principals {
  readonly administrator: AwsCredentials
  /** Credentials of the role, whoever takes it on. */
  issue(roleArn: string, session?: string): AwsCredentials
  /**
   * Credentials of the role for a service.
   * @throws AwsError `AccessDenied` where the role does not trust the service
   */
  assume(roleArn: string, assumption: Assumption): AwsCredentials
  /** Of credentials that were issued before; undefined for any others. */
  callerOf(accessKeyId: string, sessionToken: string | undefined): Caller | undefined
  /** Whoever has taken the role on, without credentials: for what a stand-in does in a role's name. */
  caller(roleArn: string, session?: string): Caller
}

const administratorName = 'administrator'
const normalSession = 'local'

/** The principals of a local account; their keys are derived from a random one that the data folder keeps. */
export async function openPrincipals(account: LocalAccount, policies: Policies = policiesOf(account)): Promise<Principals> {
  const state = account.state('principals', z.object({ key: z.string() }), { key: '' })
  if (state.get().key === '') await state.set({ key: randomBytes(32).toString('hex') })
  const { key } = state.get()
  const issued = new Map<string, { readonly caller: Caller; readonly sessionToken: string }>()

  const keep = (caller: Caller): AwsCredentials => {
    const derive = (use: string) =>
      createHmac('sha256', key)
        .update(JSON.stringify([use, caller.arn]))
        .digest()
    const accessKeyId = `ASIA${base32(derive('id')).slice(0, 16)}`
    const credentials = {
      accessKeyId,
      secretAccessKey: derive('secret').toString('hex'),
      sessionToken: derive('token').toString('base64url'),
    }
    issued.set(accessKeyId, { caller, sessionToken: credentials.sessionToken })
    return credentials
  }
  const caller = (roleArn: string, session = normalSession): Caller => {
    const role = roleArn.slice(roleArn.lastIndexOf('/') + 1)
    return { arn: `arn:${account.partition}:sts::${account.id}:assumed-role/${role}/${session.slice(0, 64)}`, roleArn }
  }
  const administrator = keep({ arn: `arn:${account.partition}:iam::${account.id}:user/${administratorName}`, roleArn: undefined })
  return {
    administrator,
    caller,
    issue: (roleArn, session) => keep(caller(roleArn, session)),
    assume(roleArn, { service, sourceArn, session }) {
      if (!policies.trusts(roleArn, service, sourceArn)) {
        throw new AwsError('AccessDenied', `${service} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`, 403)
      }
      return keep(caller(roleArn, session))
    },
    callerOf(accessKeyId, sessionToken) {
      const found = issued.get(accessKeyId)
      return found && found.sessionToken === sessionToken ? found.caller : undefined
    },
  }
}

function base32(bytes: Buffer): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  return [...bytes].map((byte) => letters[byte % 32]).join('')
}
