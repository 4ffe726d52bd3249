/** Conventional exit code of a program that Ctrl-C ended. */
export const interruptedCode = 130

/** One Ctrl-C may arrive twice, from the terminal and from whoever passes signals on. */
const sameKeystrokeMs = 1000

/** Resolves at the first Ctrl-C, SIGTERM or closed terminal; a second one does not wait for a clean end. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let askedAt: number | undefined
    const stop = () => {
      if (askedAt !== undefined && performance.now() - askedAt > sameKeystrokeMs) process.exit(interruptedCode)
      askedAt ??= performance.now()
      resolve()
    }
    process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop)
    // The process that started this one was killed outright: nobody is left who could stop it.
    const parent = process.ppid
    setInterval(() => process.ppid === parent || resolve(), 1000).unref()
  })
}
