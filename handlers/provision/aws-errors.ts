import { PipelineError } from '../../pipeline/errors.ts'

/** Names under which AWS's services say that they cannot answer now. The clients have tried again a few times already. */
const transient =
  /^(Throttling|Throttled|TooManyRequests|LimitExceeded|RequestLimitExceeded|ServiceUnavailable|InternalServer|InternalService|InternalFailure|InternalError|RequestTimeout|OperationTimeout|Timeout|FederationSourceRetryable|Networking|ServiceQuotaExceeded|ConcurrentModification|ClusterConnectivity|KafkaTimeout|ControllerMoved|NotController|ReassignmentInProgress)/
const denied = /^(AccessDenied|Forbidden|Unauthorized|NotAuthorized|UnrecognizedClient|InvalidSignature|ExpiredToken)/

/** An exception of an AWS client as a {@link PipelineError}; anything else as it is: a bug fails under its own name. */
export function nameAwsError(error: unknown): unknown {
  if (error instanceof PipelineError || !(error instanceof Error)) return error
  if (isNetworkError(error)) return new PipelineError('AwsUnavailable', `AWS did not answer: ${error.message}`, { cause: error })
  if (!isServiceException(error)) return error
  const says = `${error.name}: ${error.message}`
  if (transient.test(error.name) || error.$metadata.httpStatusCode === 429 || (error.$metadata.httpStatusCode ?? 0) >= 500)
    return new PipelineError('AwsUnavailable', `AWS cannot answer now: ${says}`, { cause: error })
  if (denied.test(error.name)) return new PipelineError('AccessDenied', `AWS denies it: ${says}`, { cause: error })
  return new PipelineError('RequestRefused', `AWS refused a request: ${says}`, { cause: error })
}

/** An error that an AWS service answered with. */
export interface ServiceException extends Error {
  readonly $metadata: { readonly httpStatusCode?: number }
}

/** Clients of different packages have base classes of their own, so that `instanceof` cannot tell. */
export function isServiceException(error: unknown): error is ServiceException {
  return error instanceof Error && '$metadata' in error && '$fault' in error
}

function isNetworkError(error: Error): boolean {
  const code = 'code' in error ? String(error.code) : ''
  return /^(ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|ENETUNREACH|EHOSTUNREACH)/.test(code) || error.name === 'TimeoutError'
}
