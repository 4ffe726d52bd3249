/** Runs one stage of the preparation and shows it on standard error: a line with its elapsed time, counting while on a terminal. */
export async function stage(title, run, output = process.stderr) {
  const started = Date.now()
  const elapsed = () => `${((Date.now() - started) / 1000).toFixed(1)} s`
  const show = (mark) => output.write(`\r\u001b[2K${mark} ${title} ${elapsed()}`)
  const timer = output.isTTY && setInterval(show, 200, '…')
  try {
    const result = await run()
    if (output.isTTY) show('✔')
    output.write(output.isTTY ? '\n' : `${title}: ${elapsed()}\n`)
    return result
  } catch (error) {
    if (output.isTTY) show('✖')
    output.write(output.isTTY ? '\n' : `${title}: failed after ${elapsed()}\n`)
    throw error
  } finally {
    clearInterval(timer)
  }
}
