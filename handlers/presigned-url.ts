/** CloudFormation's limit for what is put to one of its URLs (bytes). https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html */
const limitBytes = 4096

/** What may be cut where a text does not fit. */
interface Message {
  readonly Reason: string
}

/**
 * Puts a message to a presigned URL of CloudFormation, its reason cut to what CloudFormation takes.
 * The URL is a secret, so that no error names it.
 * @returns `gone` where nobody waits there any more: the stack is deleted, or the URL has expired
 * @throws Error where the message was not taken; trying again is right
 */
export async function putMessage(url: string, message: Message): Promise<'taken' | 'gone'> {
  const body = new TextEncoder().encode(JSON.stringify(cut(message)))
  // The URL is signed for an empty content type.
  const status = await fetch(url, { method: 'PUT', body, headers: { 'content-type': '' }, signal: AbortSignal.timeout(8000) }).then(
    (response) => response.status,
    (error: unknown) => {
      throw new Error(`CloudFormation's URL did not answer (${codeOf(error)})`)
    },
  )
  if (status >= 200 && status < 300) return 'taken'
  if (status === 403 || status === 404) return 'gone'
  throw new Error(`CloudFormation's URL answered with status ${status}`)
}

function cut<Sent extends Message>(message: Sent): Sent {
  let sent = message
  let length = message.Reason.length
  while (Buffer.byteLength(JSON.stringify(sent)) > limitBytes) {
    length = Math.floor(length * 0.9)
    sent = { ...message, Reason: `${message.Reason.slice(0, length)}…` }
  }
  return sent
}

/** `ECONNREFUSED`, or the kind of error; its message may hold the URL. */
function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown'
  const cause = 'cause' in error ? error.cause : undefined
  if (typeof cause === 'object' && cause !== null && 'code' in cause) return String(cause.code)
  return 'name' in error ? String(error.name) : 'unknown'
}
