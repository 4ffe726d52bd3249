import { deferred } from '../lambda/deferred.ts'

/** The interpreter of Step Functions' definitions uses `Promise.withResolvers`, which Node.js has since version 22. */
if (!('withResolvers' in Promise)) Object.defineProperty(Promise, 'withResolvers', { value: deferred, configurable: true, writable: true })
