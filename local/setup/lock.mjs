import { rmSync } from 'node:fs'
import { mkdir, open, rm, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const beatMs = 2_000
/** A holder that has not touched its lock for so long, while we watched, is gone (its pid may be another's by now). */
const silentMs = 15_000

/** How long a lock may be without its holder's name before somebody is told that it is unknown. */
const unwrittenMs = 200

/**
 * Runs `run` while no other command prepares the same checkout; `onWait` is told once whom it waits for.
 *
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} run
 * @param {{ onWait?: (pid: number | undefined) => void, silent?: number }} [options]
 * @returns {Promise<T>}
 */
export async function withLock(file, run, { onWait = () => {}, silent = silentMs } = {}) {
  await mkdir(dirname(file), { recursive: true })
  const own = JSON.stringify({ pid: process.pid, host: hostname(), token: `${Date.now()}-${Math.random()}` })
  await acquire(file, own, onWait, silent)
  const leave = () => rmSync(file, { force: true })
  process.on('exit', leave)
  const beat = setInterval(() => {
    const now = new Date()
    // A failed beat makes the lock look abandoned sooner; the preparation itself goes on.
    utimes(file, now, now).catch(() => {})
  }, beatMs)
  try {
    return await run()
  } finally {
    clearInterval(beat)
    process.off('exit', leave)
    if ((await read(file))?.text === own) await rm(file, { force: true })
  }
}

async function acquire(file, own, onWait, silent) {
  let seen
  let told = false
  for (;;) {
    if (await create(file, own)) {
      // Another command may have judged the previous lock abandoned at the same moment, and removed ours instead.
      await sleep(50)
      if ((await read(file))?.text === own) return
      continue
    }
    const lock = await read(file)
    if (!lock) continue
    if (seen?.text !== lock.text || seen.touched !== lock.touched) seen = { ...lock, since: performance.now() }
    if (isDead(lock.text) || performance.now() - seen.since > silent) {
      if ((await read(file))?.text === lock.text) await rm(file, { force: true })
      continue
    }
    const waitedFor = holder(lock.text)
    // A lock is written a moment after it is made: whose it is is known at the next look, unless a crash came between.
    if (!waitedFor && performance.now() - seen.since < unwrittenMs) {
      await sleep(5)
      continue
    }
    if (!told) onWait(waitedFor?.pid)
    told = true
    await sleep(300)
  }
}

async function create(file, text) {
  try {
    const handle = await open(file, 'wx')
    await handle.writeFile(text)
    await handle.close()
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

async function read(file) {
  try {
    const handle = await open(file)
    try {
      return { text: await handle.readFile('utf8'), touched: (await handle.stat()).mtimeMs }
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

function holder(text) {
  try {
    return JSON.parse(text)
  } catch {
    // Just created and not written yet, or cut off by a crash.
    return undefined
  }
}

/** True where the holder's process certainly ended. A pid of another host or container says nothing. */
function isDead(text) {
  const lock = holder(text)
  if (lock?.host !== hostname()) return false
  try {
    process.kill(lock.pid, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}
