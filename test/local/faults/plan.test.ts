import { faultNamed, faults } from '../../../local/faults/catalogue.ts'
import { faultsOptions } from '../../../local/faults/options.ts'
import { planOf, repeating, turns } from '../../../local/faults/plan.ts'

test('the seed gives the moments again, and what the injections draw', () => {
  const moments = (seed: number) => {
    const { pausesMs, lastPauseMs, random } = planOf('kill-broker', seed, 5)
    return [...pausesMs, lastPauseMs, random.next()]
  }
  expect(moments(1)).toEqual(moments(1))
  expect(moments(1)).not.toEqual(moments(2))
  expect(planOf('kill-broker', 1, 5).pausesMs).toHaveLength(5)
  for (const pause of planOf('kill-broker', 1, 50).pausesMs) {
    expect(pause).toBeGreaterThanOrEqual(500)
    expect(pause).toBeLessThanOrEqual(5000)
  }
  expect(Math.max(...planOf('kill-broker', 1, 50, true).pausesMs)).toBeLessThanOrEqual(1500)
})

test('every fault is run once, or again with the next seeds', () => {
  expect([...turns(['a', 'b'], 7, false)]).toEqual([
    { fault: 'a', seed: 7 },
    { fault: 'b', seed: 7 },
  ])
  const again = turns(['a', 'b'], 7, true)
  expect(Array.from({ length: 3 }, () => again.next().value)).toEqual([
    { fault: 'a', seed: 7 },
    { fault: 'b', seed: 7 },
    { fault: 'a', seed: 8 },
  ])
})

test('the command that repeats a round runs that round', () => {
  const [, ...args] = repeating({ fault: 'kill-broker', seed: 12 }).split(' -- ')
  expect(args).toEqual(['--only kill-broker --seed 12'])
  const options = faultsOptions({ only: ['kill-broker'], seed: '12' }, [])
  expect([...turns(options.names, options.seed, false)]).toEqual([{ fault: 'kill-broker', seed: 12 }])
})

test('names are those of --only, and different ones', () => {
  const names = faults.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { name, what, injections } of faults) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)+$/)
    expect(what).not.toContain('|')
    expect(injections).toBeGreaterThan(0)
    expect(faultNamed(name).name).toBe(name)
  }
})

test.each([
  [{ only: ['no-such'] }, [], 'There is no fault no-such'],
  [{ seed: '1.5' }, [], '--seed takes a whole number, not 1.5'],
  [{ seed: 'x' }, [], '--seed takes a whole number, not x'],
  [{ minutes: '0' }, [], '--minutes takes a number of minutes, not 0'],
  [{}, ['kill-broker'], 'faults takes no "kill-broker"'],
])('what cannot be meant is refused: %j %j', (values, positionals, message) => {
  expect(() => faultsOptions(values, positionals)).toThrow(
    expect.objectContaining({ name: 'InvalidUsage', message: expect.stringContaining(message) }),
  )
})

test('without a seed one is drawn', () => {
  const { seed, names, minutes } = faultsOptions({}, [])
  expect(seed).toBeGreaterThan(0)
  expect(names).toEqual(faults.map(({ name }) => name))
  expect(minutes).toBeUndefined()
})
