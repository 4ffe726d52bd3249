import { nameAwsError } from '../../../handlers/provision/aws-errors.ts'
import { PipelineError } from '../../../pipeline/errors.ts'

function serviceException(name: string, httpStatusCode: number): Error {
  return Object.assign(new Error('as AWS says'), {
    name,
    $fault: httpStatusCode < 500 ? 'client' : 'server',
    $metadata: { httpStatusCode },
  })
}

test.each([
  ['ThrottlingException', 400, 'AwsUnavailable'],
  ['TooManyRequestsException', 429, 'AwsUnavailable'],
  ['Whatever', 503, 'AwsUnavailable'],
  ['ConcurrentModificationException', 400, 'AwsUnavailable'],
  // Glue and Lake Formation.
  ['OperationTimeoutException', 400, 'AwsUnavailable'],
  ['FederationSourceRetryableException', 400, 'AwsUnavailable'],
  ['ThrottledException', 400, 'AwsUnavailable'],
  // MSK has these for brokers that do not answer it just now.
  ['ClusterConnectivityException', 409, 'AwsUnavailable'],
  ['KafkaTimeoutException', 409, 'AwsUnavailable'],
  ['ControllerMovedException', 409, 'AwsUnavailable'],
  ['NotControllerException', 409, 'AwsUnavailable'],
  ['ReassignmentInProgressException', 409, 'AwsUnavailable'],
  ['AccessDeniedException', 403, 'AccessDenied'],
  ['ForbiddenException', 403, 'AccessDenied'],
  ['BadRequestException', 400, 'RequestRefused'],
  ['NotFoundException', 404, 'RequestRefused'],
])('%s (%d) is %s', (name, status, expected) => {
  const named = nameAwsError(serviceException(name, status))
  expect(named).toBeInstanceOf(PipelineError)
  expect(named).toMatchObject({ name: expected, message: expect.stringContaining(`${name}: as AWS says`) })
})

test('a connection that broke is AwsUnavailable', () => {
  expect(nameAwsError(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }))).toMatchObject({ name: 'AwsUnavailable' })
})

test('a bug keeps its own name, and a named error stays as it is', () => {
  const bug = new TypeError('undefined is not a function')
  const known = new PipelineError('NotInTime', 'too long')
  expect(nameAwsError(bug)).toBe(bug)
  expect(nameAwsError(known)).toBe(known)
})
