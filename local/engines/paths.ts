import { join } from 'node:path'

/** The checkout: everything that is committed, and `node_modules`. */
export const checkoutDirectory = join(import.meta.dirname, '..', '..')

/** What the preparation downloads and builds: jars, the connector plugin, DuckDB's extensions. Ignored by git. */
export const enginesDirectory = join(checkoutDirectory, '.engines')

/** Jars of the Kafka broker and of Kafka Connect, one classpath. */
export const kafkaJars = join(enginesDirectory, 'kafka')

/** Kafka Connect's `plugin.path`: the unpacked connector plugin, the same files as in the zip for MSK Connect. */
export const connectPlugins = join(enginesDirectory, 'connect-plugins')

export const catalogJars = join(enginesDirectory, 'catalog')
export const launcherJar = join(enginesDirectory, 'launcher', 'launcher.jar')

/** DuckDB's `extension_directory`. */
export const duckdbExtensions = join(enginesDirectory, 'duckdb')
