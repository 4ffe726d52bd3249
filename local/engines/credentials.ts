import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

export interface Credentials {
  readonly user: string
  readonly password: string
}

/** The roles of the embedded PostgreSQL: its administrator, and the one that Debezium connects as, which has only the rights documented for AWS. */
export interface PostgresCredentials {
  readonly administrator: Credentials
  readonly debezium: Credentials
}

/** The passwords of a data folder for PostgreSQL, made up at their first use; the file is readable by its owner only. */
export function postgresCredentials(dataDirectory: string): PostgresCredentials {
  const file = join(dataDirectory, 'postgres-passwords.json')
  if (existsSync(file)) return withUsers(passwordFile.parse(JSON.parse(readFileSync(file, 'utf8'))))
  const passwords = { administrator: newPassword(), debezium: newPassword() }
  mkdirSync(dataDirectory, { recursive: true })
  writeFileSync(file, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600 })
  return withUsers(passwords)
}

/** Passwords with which roles log in to Kafka, by the name of the role. */
export interface KafkaPasswords {
  /** Readable by its owner only. */
  readonly file: string
  readonly of: Readonly<Record<string, string>>
}

/** The passwords of a data folder for Kafka; those of roles that are new are made up and added. */
export function kafkaPasswords(dataDirectory: string, roles: readonly string[]): KafkaPasswords {
  const file = join(dataDirectory, 'kafka-passwords.json')
  const known = existsSync(file) ? readKafkaPasswords(file) : {}
  const all = { ...Object.fromEntries(roles.map((role) => [role, newPassword()])), ...known }
  mkdirSync(dataDirectory, { recursive: true })
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 })
  return { file, of: all }
}

export function readKafkaPasswords(file: string): Record<string, string> {
  return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(file, 'utf8')))
}

// Letters and digits only: it stands in connection strings as it is.
const newPassword = () => randomBytes(18).toString('hex')

const withUsers = ({ administrator, debezium }: z.infer<typeof passwordFile>): PostgresCredentials => ({
  administrator: { user: 'postgres', password: administrator },
  debezium: { user: 'debezium', password: debezium },
})

const passwordFile = z.object({ administrator: z.string(), debezium: z.string() })
