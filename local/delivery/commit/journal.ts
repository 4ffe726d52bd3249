import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { quoteIdentifier, quoteText } from '../../iceberg/iceberg-type.ts'
import { writeAtomically } from './atomic-file.ts'
import type { Batch, BatchTable } from './batch.ts'
import type { ErrorObject } from './failed-records.ts'

/** A batch on disk: from here on only its journal counts. */
export interface JournaledBatch extends Omit<Batch, 'failed'> {
  readonly directory: string
  readonly failedCount: number
  readonly objects: readonly { readonly key: string; readonly file: string }[]
}

/**
 * Batches whose outcome is settled and not yet in the tables. A batch appears whole, by a rename, before anything of it is done; what is
 * done can be done again, and it disappears only when all of it is done. So a process killed at any instant loses and repeats nothing.
 */
export class Journal {
  private readonly directory: string

  constructor(stateDirectory: string) {
    this.directory = join(stateDirectory, 'journal')
  }

  /** Writes a batch; its rows are in DuckDB's memory. */
  async write({ failed, ...batch }: Batch, objects: readonly ErrorObject[], connection: DuckDBConnection): Promise<JournaledBatch> {
    const staging = join(this.directory, `.${batch.id}`)
    await rm(staging, { recursive: true, force: true })
    await mkdir(staging, { recursive: true })
    for (const [index, table] of batch.tables.entries()) {
      const file = quoteText(join(staging, rowsFile(index)))
      await connection.run(`COPY memory.main.${quoteIdentifier(table.stagedName)} TO ${file} (FORMAT parquet, COMPRESSION snappy)`)
    }
    const files = objects.map(({ key }, index) => ({ key, file: `failed-${index}` }))
    for (const [index, { content }] of objects.entries()) await writeFile(join(staging, `failed-${index}`), content)
    const directory = join(this.directory, batch.id)
    const journaled: JournaledBatch = { ...batch, directory, failedCount: failed.length, objects: files }
    await writeFile(join(staging, 'batch.json'), JSON.stringify(journaled))
    await rename(staging, directory)
    return journaled
  }

  /** What a killed process left behind, oldest first. A batch that was not yet whole is thrown away: nothing of it was done. */
  async pending(): Promise<JournaledBatch[]> {
    await mkdir(this.directory, { recursive: true })
    const names = (await readdir(this.directory)).sort()
    for (const name of names.filter((candidate) => candidate.startsWith('.')))
      await rm(join(this.directory, name), { recursive: true, force: true })
    const whole = names.filter((name) => !name.startsWith('.'))
    return Promise.all(
      whole.map(async (name) => {
        const directory = join(this.directory, name)
        const batch: JournaledBatch = JSON.parse(await readFile(join(directory, 'batch.json'), 'utf8'))
        return { ...batch, directory }
      }),
    )
  }

  /** Brings a batch's rows back into DuckDB's memory. */
  async loadRows(batch: JournaledBatch, connection: DuckDBConnection): Promise<void> {
    for (const [index, table] of batch.tables.entries()) {
      const file = quoteText(join(batch.directory, rowsFile(index)))
      await connection.run(`CREATE OR REPLACE TABLE memory.main.${quoteIdentifier(table.stagedName)} AS FROM read_parquet(${file})`)
    }
  }

  /** The decision that a table's rows go to the error bucket is kept, so that a repetition does not put them into the table after all. */
  async markRefused(batch: JournaledBatch, table: BatchTable, refusal: TableRefusal): Promise<void> {
    await writeAtomically(refusedFile(batch, table), JSON.stringify(refusal))
  }

  async refusal(batch: JournaledBatch, table: BatchTable): Promise<TableRefusal | undefined> {
    const file = refusedFile(batch, table)
    if (!existsSync(file)) return undefined
    const refusal: TableRefusal = JSON.parse(await readFile(file, 'utf8'))
    return refusal
  }

  /** Renamed first: a folder that is half gone must not look like a batch. */
  async remove(batch: JournaledBatch): Promise<void> {
    const doomed = join(this.directory, `.${batch.id}-done`)
    await rename(batch.directory, doomed)
    await rm(doomed, { recursive: true, force: true })
  }
}

/** Why none of a table's rows can be committed. */
export interface TableRefusal {
  readonly errorCode: string
  readonly errorMessage: string
  readonly attemptsMade: number
  readonly endedMs: number
}

function rowsFile(index: number): string {
  return `rows-${index}.parquet`
}

function refusedFile(batch: JournaledBatch, table: BatchTable): string {
  return join(batch.directory, `refused-${batch.tables.indexOf(table)}.json`)
}
