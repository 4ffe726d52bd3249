import { plainLines, taskLines } from './lines.ts'
import type { TaskProgress } from './progress.ts'

export interface ProgressDisplay {
  show(tasks: readonly TaskProgress[]): void
  /** Leaves what was shown last. */
  end(): void
}

/** Where to show: a stream that tells whether it is a terminal, and how wide. */
export type Screen = Pick<NodeJS.WriteStream, 'write'> & Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'rows'>>

/** Overwrites what it showed on a terminal; elsewhere adds a line for what is new. */
export function progressDisplay(screen: Screen, now: () => number = Date.now): ProgressDisplay {
  return screen.isTTY ? terminalDisplay(screen, now) : plainDisplay(screen, now)
}

function plainDisplay(screen: Screen, now: () => number): ProgressDisplay {
  const newLines = plainLines()
  return {
    show(tasks) {
      for (const line of newLines(tasks, now())) screen.write(`${line}\n`)
    },
    end() {},
  }
}

function terminalDisplay(screen: Screen, now: () => number): ProgressDisplay {
  let settled = 0
  let live = 0
  return {
    show(tasks) {
      // What is over is written once and scrolls away; only what goes on is written again.
      const over = tasks.findIndex(({ state }) => state === 'running' || state === 'waiting')
      const done = tasks.slice(settled, over < 0 ? tasks.length : Math.max(over, settled))
      const going = tasks.slice(settled + done.length)
      const width = (screen.columns ?? 80) - 1
      const liveLines = linesOf(going, now()).map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line))
      if (live > 0) screen.write(`\u001b[${live}A\u001b[0J`)
      for (const line of [...linesOf(done, now()), ...liveLines]) screen.write(`${line}\n`)
      settled += done.length
      live = liveLines.length
    },
    end() {
      live = 0
    },
  }
}

const linesOf = (tasks: readonly TaskProgress[], now: number) => tasks.flatMap((task) => taskLines(task, now))

/** What is waited for at the moment, in one line: for a display that has only one. */
export function currentLine(tasks: readonly TaskProgress[], now: number): string {
  const going = tasks.filter(({ state }) => state === 'running' || state === 'waiting' || state === 'failed')
  return going.map((task) => taskLines(task, now).join(' ').replace(/\s+/g, ' ')).join('; ')
}
