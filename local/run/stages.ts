import { type DefaultRenderer, Listr, type ListrTask, PRESET_TIMER, type SimpleRenderer } from 'listr2'

/** A part of a longer undertaking that a person wants to see pass by. */
export interface Stage<Context> {
  readonly title: string
  /** Does the part; `say` replaces the line that tells what it is at. */
  readonly run?: (context: Context, say: (detail: string) => void) => Promise<void>
  /** Parts that run side by side; the stage is done when all are. */
  readonly parallel?: readonly Stage<Context>[]
}

type Shown<Context extends object> = ListrTask<Context, typeof DefaultRenderer, typeof SimpleRenderer>

/**
 * Runs the stages in order. When one fails, those beside it are waited for, and the failure is thrown: nothing goes on behind the caller's back.
 */
export async function runStages<Context>(
  stages: readonly Stage<Context>[],
  context: Context,
  say: (detail: string) => void = () => {},
): Promise<void> {
  for (const stage of stages) {
    await stage.run?.(context, say)
    const parts = await Promise.allSettled((stage.parallel ?? []).map((part) => runStages([part], context, say)))
    for (const part of parts) if (part.status === 'rejected') throw part.reason
  }
}

/**
 * {@link runStages} with a line for each stage and how long it took: live on a terminal, a plain line as each ends elsewhere.
 * Listens to no signal: what Ctrl-C does is the caller's to say.
 */
export async function showStages<Context extends object>(stages: readonly Stage<Context>[], context: Context): Promise<void> {
  if (process.stdout.isTTY) await showLive(stages, context)
  else await runStages(stages.map(told), context)
}

async function showLive<Context extends object>(stages: readonly Stage<Context>[], context: Context): Promise<void> {
  const running: Promise<void>[] = []
  const shown = (stage: Stage<Context>): Shown<Context> => ({
    title: stage.title,
    task: async (_context, task) => {
      const done = stage.run?.(context, (detail) => {
        task.output = detail
      })
      if (done) running.push(done)
      await done
      if (stage.parallel) return task.newListr(stage.parallel.map(shown), { concurrent: true })
      return undefined
    },
  })
  const list = new Listr<Context>(stages.map(shown), {
    ctx: context,
    renderer: 'default',
    rendererOptions: { timer: PRESET_TIMER, collapseSubtasks: false, showErrorMessage: false },
    registerSignalListeners: false,
  })
  try {
    await list.run()
  } finally {
    await Promise.allSettled(running)
  }
}

function told<Context>(stage: Stage<Context>): Stage<Context> {
  const { run } = stage
  return {
    ...stage,
    ...(stage.parallel ? { parallel: stage.parallel.map(told) } : {}),
    ...(run && {
      run: async (context, say) => {
        const started = performance.now()
        const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`
        try {
          await run(context, say)
        } catch (error) {
          console.log(`failed  ${stage.title} (${seconds()})`)
          throw error
        }
        console.log(`done    ${stage.title} (${seconds()})`)
      },
    }),
  }
}
