import type { z } from 'zod'
import { AwsError } from './endpoint.ts'

/**
 * A request's JSON in the shape that the operation takes.
 * @throws AwsError under the name that the service refuses others with
 */
export function parseBody<Shape extends z.ZodType>(shape: Shape, body: string, refusal = 'ValidationException'): z.output<Shape> {
  const parsed = shape.safeParse(body === '' ? {} : JSON.parse(body))
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.') || 'request'}: ${message}`)
  throw new AwsError(refusal, `${faults.length} validation error${faults.length === 1 ? '' : 's'} detected: ${faults.join('; ')}`)
}
