import type { ContextValues } from './conditions.ts'

/** `*` stands for any number of characters, `?` for one. */
export function matchesText(text: string, pattern: string): boolean {
  const parts = pattern.split(/(\$\{[*?$]\}|\*|\?)/).map((part) => {
    if (part === '*') return '.*'
    if (part === '?') return '.'
    const literal = /^\$\{(.)\}$/.exec(part)?.[1] ?? part
    return literal.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  })
  return new RegExp(`^${parts.join('')}$`, 's').test(text)
}

/** Each of the six components by itself, so that no wildcard reaches from one into the next; the last may hold colons. */
export function matchesArn(arn: string, pattern: string): boolean {
  if (pattern === '*') return true
  const values = components(arn)
  const wanted = components(pattern)
  return values.length === wanted.length && wanted.every((part, index) => matchesText(values[index] ?? '', part))
}

const components = (arn: string) => {
  const parts = arn.split(':')
  return parts.length < 6 ? [arn] : [...parts.slice(0, 5), parts.slice(5).join(':')]
}

/**
 * The text with `${aws:PrincipalAccount}` and its like filled in from the context; `${*}`, `${?}` and `${$}` stay, as escapes.
 * @throws Error that names a variable without a value
 */
export function resolveVariables(text: string, context: ContextValues): string {
  return text.replaceAll(/\$\{([^*?$][^}]*)\}/g, (variable, name: string) => {
    const value = context.get(name.trim().toLowerCase())
    if (typeof value !== 'string') throw new Error(`the policy variable ${variable} has no value in the local run`)
    return value.replaceAll(/[*?$]/g, '${$&}')
  })
}
