import { deferred } from '../lambda/deferred.ts'

/** Gives this process `Promise.withResolvers`, which the interpreter of Step Functions' definitions uses and Node.js has since version 22. */
export function offerWithResolvers(): void {
  if (!('withResolvers' in Promise))
    Object.defineProperty(Promise, 'withResolvers', { value: deferred, configurable: true, writable: true })
}
