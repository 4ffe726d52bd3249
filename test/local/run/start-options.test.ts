import { parseStartOptions, startUsage } from '../../../local/run/start-options.ts'

const refusal = (args: string[]) => {
  try {
    parseStartOptions(args)
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
  throw new Error('was accepted')
}

test('without arguments the samples run in the checkout’s data folder', () => {
  expect(parseStartOptions([])).toMatchObject({ once: false, reset: false, own: undefined, explicitData: false })
  expect(parseStartOptions([]).dataDirectory).toMatch(/\.data$/)
  expect(parseStartOptions(['--once', '--data', '/tmp/elsewhere'])).toMatchObject({
    once: true,
    dataDirectory: '/tmp/elsewhere',
    explicitData: true,
  })
})

test('a database of one’s own needs its tables, and what belongs to it needs the database', () => {
  const url = 'postgres://me:hidden@db.example/shop'
  expect(parseStartOptions(['--source', url, '--tables', 'public.*']).own).toEqual({ url, patterns: 'public.*' })
  expect(parseStartOptions(['--source', url, '--detach'])).toMatchObject({ detach: true, own: { url } })
  expect(refusal(['--source', url]).message).toMatch(/--tables/)
  expect(refusal(['--detach']).message).toMatch(/--source/)
  expect(refusal(['--tables', 'public.*']).message).toMatch(/--source/)
})

test.each([[['--sauce', 'x']], [['extra']], [['--data']], [['--source', 'mysql://me:hidden@db/shop', '--tables', 'a.b']]])(
  '%j is refused by name, without repeating a password',
  (args) => {
    const error = refusal(args)
    expect(error.name).toBe('InvalidUsage')
    expect(error.message).not.toContain('hidden')
  },
)

test.each([['--help'], ['-h']])('%s is asked for, whatever else is given', (option) => {
  expect(parseStartOptions([option, '--once']).help).toBe(true)
})

test('the usage names every option', () => {
  for (const option of ['once', 'reset', 'data', 'deployment', 'source', 'tables', 'detach', 'help'])
    expect(startUsage).toContain(`--${option}`)
})
