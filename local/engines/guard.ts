/**
 * A command line that runs `command` and stops it when this process is gone, even by SIGKILL.
 *
 * The shell leaves a watcher behind and then becomes the command itself, so the process id is the command's own and signals reach it.
 * The watcher reads the pipe that our process holds open as standard input. When that ends it sends `signal`, and SIGKILL after ten seconds. It is
 * forked twice: PostgreSQL would take the end of an unknown child for a crash of one of its own.
 */
export function guarded(command: string, args: readonly string[], signal: NodeJS.Signals): { command: string; args: string[] } {
  const name = signal.replace(/^SIG/, '')
  const script = `
exec 3<&0
( (
  cat >/dev/null
  kill -${name} $$ || exit 0
  left=100
  while [ $left -gt 0 ] && kill -0 $$; do sleep 0.1; left=$((left - 1)); done
  kill -KILL $$
) <&3 3<&- >/dev/null 2>&1 & )
exec "$@" </dev/null 3<&-`
  return { command: '/bin/sh', args: ['-c', script, 'guard', command, ...args] }
}
