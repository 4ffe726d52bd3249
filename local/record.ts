import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { runCommand } from './command.ts'
import { checkoutDirectory } from './engines/paths.ts'
import { recordChangeEvents } from './record/record.ts'

const help = `npm run record [-- --keep]

Records change events from the pinned Debezium, for every type and every kind of table, with PostgreSQL's own text of each row beside them,
into test/fixtures/change-events. Works on engines of its own in a temporary folder, which --keep leaves in place.
`

await runCommand({
  options: { keep: { type: 'boolean', default: false } },
  help,
  async run({ values }) {
    const dataDirectory = mkdtempSync(join(tmpdir(), 'record-'))
    // Open to the user postgres, when root runs this.
    chmodSync(dataDirectory, 0o755)
    const folder = resolve(checkoutDirectory, 'test', 'fixtures', 'change-events')
    try {
      const bytes = await recordChangeEvents(dataDirectory, folder, (what) => process.stdout.write(`${what}\n`))
      process.stdout.write(`${Math.round(bytes / 1024)} KiB are in ${folder}\n`)
    } finally {
      if (values.keep) process.stdout.write(`data and logs are in ${dataDirectory}\n`)
      else rmSync(dataDirectory, { recursive: true })
    }
    return 0
  },
})
