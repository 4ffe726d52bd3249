import { seededRandom, seedFor } from '../../../local/faults/random.ts'

const draws = (seed: number) => {
  const random = seededRandom(seed)
  return Array.from({ length: 20 }, () => random.below(1000))
}

test('a seed gives the same numbers, another seed others', () => {
  expect(draws(7)).toEqual(draws(7))
  expect(draws(7)).not.toEqual(draws(8))
})

test('numbers stay within their limits and reach both ends', () => {
  const random = seededRandom(3)
  const drawn = new Set(Array.from({ length: 200 }, () => random.between(-1, 2)))
  expect([...drawn].toSorted((one, other) => one - other)).toEqual([-1, 0, 1, 2])
  expect(random.chance(0)).toBe(false)
  expect(random.chance(1)).toBe(true)
  expect(() => random.pick([])).toThrow('nothing to pick from')
})

test('seeds of different names differ', () => {
  const seeds = ['a', 'b', 'kill-broker', 'kill-connect'].flatMap((name) => [1, 2].map((seed) => seedFor(seed, name)))
  expect(new Set(seeds).size).toBe(seeds.length)
})
