import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Callback, callbackRegistry } from './callbacks.ts'
import type { AwsCredentials, Caller } from './principals.ts'

/** Values of condition keys, such as `iam:PassedToService`. */
export type RequestContext = Readonly<Record<string, string | readonly string[]>>

/** A request to an AWS service, of which the credential scope names the service. */
export interface AwsRequest {
  readonly method: string
  /** As it was sent, with the query. */
  readonly path: string
  /** Of AWS's JSON protocols: what follows the dot in `X-Amz-Target`. */
  readonly operation: string | undefined
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  readonly caller: Caller
  /**
   * Returns where the caller may do that on every one of the resources.
   * @throws AwsError `AccessDeniedException` in AWS's words
   */
  readonly authorize: (action: string, resources: string | readonly string[], context?: RequestContext) => void
}

export interface AwsResponse {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** Answers the requests of one service. */
export type AwsService = (request: AwsRequest) => AwsResponse | Promise<AwsResponse>

/** A refusal that AWS's clients turn into an exception of that name; `members` are those that the exception has besides its message. */
export class AwsError extends Error {
  override readonly name = 'AwsError'
  readonly code: string
  readonly status: number
  readonly members: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, status = 400, members: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.status = status
    this.members = members
  }
}

/** Who a key belongs to, and what they may do. */
export interface Access {
  callerOf(accessKeyId: string, sessionToken: string | undefined): Caller | undefined
  /** @throws AwsError `AccessDeniedException` */
  authorize(caller: Caller, action: string, resources: string | readonly string[], context?: RequestContext): void
  /**
   * For a service that acts by itself, not in a role: what the resource's own policy says of it.
   * @throws AwsError `AccessDeniedException`
   */
  authorizeService(service: string, action: string, resource: string, sourceArn?: string): void
}

/** For engines that run without an account: everybody may do everything. */
export const withoutAccount: Access = {
  callerOf: () => ({ arn: 'arn:aws:iam::111122223333:user/administrator', roleArn: undefined }),
  authorize: () => {},
  authorizeService: () => {},
}

/** What a client may sign with {@link withoutAccount}. */
export const anyCredentials: AwsCredentials = { accessKeyId: 'local', secretAccessKey: 'local', sessionToken: 'local' }

export interface AwsEndpointSettings {
  readonly access: Access
  /** From the system, unless given. */
  readonly port?: number
}

export interface AwsEndpoint {
  readonly uri: string
  /** A URL for one unsigned PUT, like the presigned ones of CloudFormation; the same for the same id, as long as the port is. */
  callback(id?: string): Callback
  close(): Promise<void>
}

/**
 * Serves AWS services on 127.0.0.1, each under its signing name (`secretsmanager`). A service or an operation that is not there is answered
 * with 501 and its name.
 */
export async function serveAws(
  services: Readonly<Record<string, AwsService>>,
  { access, port = 0 }: AwsEndpointSettings,
): Promise<AwsEndpoint> {
  const callbacks = callbackRegistry()
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, contentType, body, code } = callbacks.takes(request)
      ? callbacks.answer(request, await read(request))
      : await answer(services, access, request)
    response.writeHead(status, { 'content-type': contentType, ...(code === undefined ? {} : { 'x-amzn-errortype': code }) })
    response.end(body)
  }
  const server = createServer((request, response) => void respond(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('a listening HTTP server has no port')
  const uri = `http://127.0.0.1:${address.port}`
  return { uri, callback: (id) => callbacks.open(uri, id), close: () => close(server) }
}

export function json(body: unknown, contentType = 'application/x-amz-json-1.1'): AwsResponse {
  return { status: 200, contentType, body: JSON.stringify(body) }
}

async function answer(
  services: Readonly<Record<string, AwsService>>,
  access: Access,
  request: IncomingMessage,
): Promise<AwsResponse & { code?: string }> {
  const scope = credentialScope(request.headers.authorization)
  const target = request.headers['x-amz-target']
  const operation = typeof target === 'string' ? target.slice(target.indexOf('.') + 1) : undefined
  try {
    const service = scope && Object.hasOwn(services, scope.service) ? services[scope.service] : undefined
    if (!scope || !service) {
      throw notImplemented(scope?.service ?? 'an unsigned request', operation ?? `${request.method} ${request.url}`)
    }
    const token = request.headers['x-amz-security-token']
    const caller = access.callerOf(scope.accessKeyId, typeof token === 'string' ? token : undefined)
    if (!caller) throw new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.', 403)
    return await service({
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      operation,
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([key, value]) => [key, Array.isArray(value) ? value.join(',') : value]),
      ),
      body: await read(request),
      caller,
      authorize: (action, resources, context) => access.authorize(caller, action, resources, context),
    })
  } catch (error) {
    const { code, status, message, members } = error instanceof AwsError ? error : new AwsError('InternalFailure', String(error), 500)
    return {
      status,
      code,
      contentType: 'application/x-amz-json-1.1',
      body: JSON.stringify({ ...members, __type: code, message }),
    }
  }
}

/** The answer to an operation that the local run has no use for. */
export function notImplemented(service: string, operation: string): AwsError {
  return new AwsError('NotImplemented', `The local run does not offer ${operation} of ${service}`, 501)
}

/** From `Credential=<key>/<date>/<region>/<service>/aws4_request`. */
function credentialScope(authorization: string | undefined): { accessKeyId: string; service: string } | undefined {
  const [, accessKeyId, service] = /Credential=([^/,\s]+)\/\d{8}\/[^/]+\/([^/]+)\/aws4_request/.exec(authorization ?? '') ?? []
  return accessKeyId === undefined || service === undefined ? undefined : { accessKeyId, service }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
