import { Problems } from '../../../local/delivery/problems.ts'

describe('problems', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 0 }))
  afterEach(() => void jest.useRealTimers())

  it('are logged once in a while, with how often they came meanwhile, and the last is kept', () => {
    const lines: string[] = []
    const problems = new Problems((line) => lines.push(line))
    expect(problems.last).toBeUndefined()
    problems.report('down')
    problems.report('down')
    problems.report('other')
    jest.setSystemTime(5000)
    problems.report('down')
    jest.setSystemTime(10_000)
    problems.report('down')
    expect(lines).toEqual([
      '1970-01-01T00:00:00.000Z down',
      '1970-01-01T00:00:00.000Z other',
      '1970-01-01T00:00:10.000Z down (and 2 times more)',
    ])
    expect(problems.last).toEqual({ message: 'down', at: '1970-01-01T00:00:10.000Z' })
  })
})
