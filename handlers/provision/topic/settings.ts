/** Kafka's settings of a topic, by name. */
export type TopicSettings = Readonly<Record<string, string>>

/**
 * Settings as MSK's topic operations take them: base64 of a JSON object. AWS documents the base64 alone; that it is JSON is how Terraform's provider, which is
 * tested against MSK, does it.
 */
export function topicConfigs(settings: TopicSettings): string {
  return Buffer.from(JSON.stringify(settings)).toString('base64')
}

/** Settings as MSK describes them: base64 of JSON, or of lines `name=value` as AWS's guide shows. https://docs.aws.amazon.com/msk/latest/developerguide/describe-topic-cli.html */
export function settingsOf(configs: string): TopicSettings {
  const text = Buffer.from(configs, 'base64').toString('utf8').trim()
  if (!text.startsWith('{')) {
    const lines = text.split('\n').filter((line) => line.includes('='))
    return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()]))
  }
  const parsed: unknown = JSON.parse(text)
  if (typeof parsed !== 'object' || parsed === null) return {}
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, String(value)]))
}

/** Names of the settings that are not as wanted. */
export function differences(wanted: TopicSettings, actual: TopicSettings): string[] {
  return Object.keys(wanted).filter((name) => wanted[name] !== actual[name])
}
