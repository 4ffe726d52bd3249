import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { launcherJar } from './paths.ts'

export interface JavaProgram {
  readonly mainClass: string
  readonly arguments: readonly string[]
  /** Folders of jars. */
  readonly classpath: readonly string[]
  readonly heapMiB: number
  /** True for a program that works all the time and gains from the optimizing compiler; false for one that should start fast and stay small. */
  readonly optimize: boolean
  readonly systemProperties?: Readonly<Record<string, string>>
}

/** The command that runs it until its standard input ends. */
export function javaCommand(program: JavaProgram): { command: string; args: string[] } {
  return {
    command: 'java',
    args: [
      `-Xmx${program.heapMiB}m`,
      '-Xms64m',
      '-XX:+UseSerialGC',
      ...(program.optimize ? [] : ['-XX:TieredStopAtLevel=1']),
      // Out of memory is a death that the supervisor sees, not a process that limps.
      '-XX:+ExitOnOutOfMemoryError',
      // Where standard input ended because we were killed, the others are gone too: a worker would wait in vain for the broker.
      '-Dlauncher.haltAfterMs=8000',
      '-Duser.timezone=UTC',
      '-Dfile.encoding=UTF-8',
      ...Object.entries(program.systemProperties ?? {}).map(([name, value]) => `-D${name}=${value}`),
      '-cp',
      [launcherJar, ...program.classpath.map((folder) => join(folder, '*'))].join(':'),
      'Launcher',
      program.mainClass,
      ...program.arguments,
    ],
  }
}

/** What an engine's JVM sees of our environment: neither the user's AWS settings nor his proxies, which would be asked for 127.0.0.1 too. */
export function javaEnvironment(): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'JAVA_HOME', 'LANG', 'TMPDIR']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])))
}

/** A Java properties file. */
export function writeProperties(folder: string, name: string, properties: Readonly<Record<string, string>>): string {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, name)
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}`)
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 })
  return file
}

/** The log of a program with log4j 1 goes to its standard output, which the supervisor keeps. */
export function log4jProperties(folder: string, quiet: readonly string[], talkative: readonly string[] = []): Record<string, string> {
  const file = writeProperties(folder, 'log4j.properties', {
    'log4j.rootLogger': 'INFO, stdout',
    'log4j.appender.stdout': 'org.apache.log4j.ConsoleAppender',
    'log4j.appender.stdout.layout': 'org.apache.log4j.PatternLayout',
    'log4j.appender.stdout.layout.ConversionPattern': '[%d{ISO8601}] %p %m (%c:%L)%n',
    ...Object.fromEntries(quiet.map((logger) => [`log4j.logger.${logger}`, 'WARN'])),
    ...Object.fromEntries(talkative.map((logger) => [`log4j.logger.${logger}`, 'DEBUG'])),
  })
  return { 'log4j.configuration': `file:${file}` }
}
