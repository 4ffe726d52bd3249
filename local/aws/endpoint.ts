import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** A request to an AWS service, of which the credential scope names the service. */
export interface AwsRequest {
  readonly method: string
  readonly path: string
  /** Of AWS's JSON protocols: what follows the dot in `X-Amz-Target`. */
  readonly operation: string | undefined
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

export interface AwsResponse {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** Answers the requests of one service. */
export type AwsService = (request: AwsRequest) => AwsResponse | Promise<AwsResponse>

/** A refusal that AWS's clients turn into an exception of that name. */
export class AwsError extends Error {
  override readonly name = 'AwsError'
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

export interface AwsEndpoint {
  readonly uri: string
  close(): Promise<void>
}

/**
 * Serves AWS services on 127.0.0.1, each under its signing name (`secretsmanager`). A service or an operation that is not there is answered
 * with 501 and its name.
 */
export async function serveAws(services: Readonly<Record<string, AwsService>>, port = 0): Promise<AwsEndpoint> {
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, contentType, body, code } = await answer(services, request)
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
  return { uri: `http://127.0.0.1:${address.port}`, close: () => close(server) }
}

export function json(body: unknown, contentType = 'application/x-amz-json-1.1'): AwsResponse {
  return { status: 200, contentType, body: JSON.stringify(body) }
}

async function answer(services: Readonly<Record<string, AwsService>>, request: IncomingMessage): Promise<AwsResponse & { code?: string }> {
  const name = signingName(request.headers.authorization)
  const target = request.headers['x-amz-target']
  const operation = typeof target === 'string' ? target.slice(target.indexOf('.') + 1) : undefined
  try {
    const service = name !== undefined && Object.hasOwn(services, name) ? services[name] : undefined
    if (!service) throw notImplemented(name ?? 'an unsigned request', operation ?? `${request.method} ${request.url}`)
    return await service({
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      operation,
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([key, value]) => [key, Array.isArray(value) ? value.join(',') : value]),
      ),
      body: await read(request),
    })
  } catch (error) {
    const { code, status, message } = error instanceof AwsError ? error : new AwsError('InternalFailure', String(error), 500)
    return { status, code, contentType: 'application/x-amz-json-1.1', body: JSON.stringify({ __type: code, message }) }
  }
}

/** The answer to an operation that the local run has no use for. */
export function notImplemented(service: string, operation: string): AwsError {
  return new AwsError('NotImplemented', `The local run does not offer ${operation} of ${service}`, 501)
}

/** The service in the credential scope: `Credential=<key>/<date>/<region>/<service>/aws4_request`. */
function signingName(authorization: string | undefined): string | undefined {
  return /Credential=[^/,\s]+\/\d{8}\/[^/]+\/([^/]+)\/aws4_request/.exec(authorization ?? '')?.[1]
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
