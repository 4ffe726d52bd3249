import { lookup } from 'node:dns/promises'
import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import type { Source } from './source.ts'

const fileShape = z.looseObject({ $schema: z.unknown().optional(), aurora: z.looseObject({}) })

/**
 * Writes the deployment file that is synthesized: the one that was given, with the database that is captured in the Aurora cluster's place. So the
 * connector's properties, compiled into the steps, name the real one.
 */
export async function writeLocalDeployment(from: string, to: string, { database }: Pick<Source, 'database'>): Promise<void> {
  const { $schema: _, aurora, ...deployment } = fileShape.parse(JSON.parse(readFileSync(from, 'utf8')))
  const { hostname, port, name } = database
  const local = { ...deployment, aurora: { ...aurora, endpoint: await endpointOf(hostname), port, database: name } }
  writeFileSync(to, `${JSON.stringify(local, null, 2)}\n`)
}

/** A name as an Aurora endpoint has it, with dots; of any other the address. */
async function endpointOf(hostname: string): Promise<string> {
  const name = hostname.toLowerCase()
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(name)) return name
  return (await lookup(hostname.replace(/^\[|\]$/g, ''), { family: 4 })).address
}
