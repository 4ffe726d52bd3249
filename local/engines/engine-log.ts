import { StringDecoder } from 'node:string_decoder'
import type { LogFile } from './log-file.ts'

/** What an engine writes: kept on disk whole, in memory as its last lines. */
export interface EngineLog {
  accept(chunk: Buffer): void
  /** Forgets the lines of the process before this one. */
  restart(): void
  /** Resolves with the first line since the last start that matches. */
  line(pattern: RegExp): Promise<RegExpMatchArray>
  /** The lines that most likely say why it died: the last ones that name an error, or simply the last ones. Without secrets. */
  lastWords(): string[]
}

const errorLine = /\b(ERROR|FATAL|PANIC|SEVERE)\b|Exception|Error[: ]|^error/
const rememberedLines = 1000
const longestLine = 500

export function engineLog(file: LogFile, secrets: readonly string[]): EngineLog {
  let decoder = new StringDecoder('utf8')
  let rest = ''
  let lines: string[] = []
  let waiting: { pattern: RegExp; resolve: (match: RegExpMatchArray) => void }[] = []

  const add = (line: string): void => {
    lines.push(line)
    if (lines.length > rememberedLines) lines.shift()
    waiting = waiting.filter(({ pattern, resolve }) => {
      const match = line.match(pattern)
      if (match) resolve(match)
      return !match
    })
  }

  return {
    accept(chunk) {
      file.write(chunk)
      const parts = (rest + decoder.write(chunk)).split('\n')
      rest = parts.pop() ?? ''
      for (const part of parts) add(part.trimEnd())
    },
    restart() {
      decoder = new StringDecoder('utf8')
      rest = ''
      lines = []
      waiting = []
    },
    line(pattern) {
      const match = lines.map((line) => line.match(pattern)).find((found) => found !== null)
      return match ? Promise.resolve(match) : new Promise((resolve) => waiting.push({ pattern, resolve }))
    },
    lastWords() {
      const all = [...lines, rest].filter((line) => line.trim() !== '' && !/^\s+at |^\s+\.\.\. \d+ more/.test(line))
      const errors = all.filter((line) => errorLine.test(line))
      return (errors.length > 0 ? errors : all).slice(-5).map((line) => withoutSecrets(line, secrets).slice(0, longestLine))
    },
  }
}

function withoutSecrets(line: string, secrets: readonly string[]): string {
  const named = line.replace(/(password|secret)(\s*[=:]\s*)\S+/gi, '$1$2***')
  return secrets.filter((secret) => secret !== '').reduce((text, secret) => text.replaceAll(secret, '***'), named)
}
