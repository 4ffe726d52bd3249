import { functionTimeoutSeconds } from '../../../../lib/workflow/asking.ts'
import { errorNames, errorNamesFor } from '../../../../pipeline/errors.ts'
import { definitions, faults, onward, places } from '../../../lib/workflow/definitions.ts'

/** Waits for something that nobody can be asked: they only go on. */
const pauses = ['Wait until rows without the new columns are delivered']

describe.each(definitions)('the definition of the %s state machine', (_name, definition) => {
  const all = places(definition.States)

  test('has no faults that a validator finds', async () => {
    expect(await faults(definition)).toEqual([])
  })

  test('has a fault that both find when one is made', async () => {
    const first = definition.States[definition.StartAt]
    if (!first) throw new Error('no first state')
    const misspelt = { ...definition, States: { ...definition.States, [definition.StartAt]: { ...first, Retyr: [] } } }
    expect(await faults(misspelt)).toEqual(['Field is not supported.', expect.stringContaining('SCHEMA_VALIDATION_FAILED')])
    const dangling = { ...definition, States: { ...definition.States, [definition.StartAt]: { ...first, Next: 'Nowhere' } } }
    expect((await faults(dangling)).filter((fault) => /Nowhere|MISSING_TRANSITION_TARGET/.test(fault)).length).toBeGreaterThan(1)
  })

  test('has states whose names are sentences, at most 80 characters long and each the only one, with comments', () => {
    const names = all.map(({ name }) => name)
    expect(names.length).toBeGreaterThan(20)
    expect(new Set(names).size).toBe(names.length)
    for (const { name, state } of all) {
      expect(name).toMatch(/^[A-Z][A-Za-z -]+ [A-Za-z ,-]+\??$/)
      expect(name.length).toBeLessThanOrEqual(80)
      expect(state.Comment).toMatch(/\w.{10,}[.?]$/)
    }
  })

  test("has tasks with limits above their functions', which retry Lambda's errors and exactly what the table calls transient", () => {
    for (const { state } of all) {
      if (state.Type !== 'Task') continue
      expect(state.TimeoutSeconds).toBeGreaterThan(functionTimeoutSeconds)
      const retried = state.Retry.flatMap(({ ErrorEquals }) => ErrorEquals)
      expect(retried).toEqual(
        expect.arrayContaining(['Lambda.TooManyRequestsException', 'Sandbox.Timedout', 'Runtime.ExitError', 'States.Timeout']),
      )
      const named = retried.filter((name) => Object.hasOwn(errorNames, name))
      expect(named.toSorted()).toEqual([...errorNamesFor('retry'), ...errorNamesFor('wait')].toSorted())
      for (const retrier of state.Retry)
        expect(retrier).toMatchObject({ MaxDelaySeconds: expect.any(Number), JitterStrategy: expect.any(String) })
    }
  })

  test('catches nothing, and fails only where the cause is: an execution can be redriven', () => {
    for (const { state } of all) {
      expect(state).not.toHaveProperty('Catch')
      expect(state.Type).not.toBe('Fail')
    }
  })

  test('has waits that come back to the task that is asked again, by whose answer the loop is left', () => {
    const waits = all.filter(({ name, state }) => state.Type === 'Wait' && !pauses.includes(name))
    expect(waits.length).toBeGreaterThan(5)
    for (const { name, state, beside } of waits) {
      const asking = beside[onward(state)[0] ?? '']
      if (asking?.Type !== 'Task') throw new Error(`${name} does not go on at a task`)
      const question = beside[onward(asking)[0] ?? '']
      if (question?.Type !== 'Choice') throw new Error(`${name}: no question after the task`)
      expect(question.Default).toBe(name)
      expect(question.Choices).toEqual([expect.objectContaining({ Variable: `${asking.ResultPath}.ready`, BooleanEquals: true })])
      // What the step answered is what it is given the next time.
      expect(asking.Parameters).toMatchObject({ 'previous.$': asking.ResultPath })
    }
  })

  test('has its states in the order of execution: only a wait goes back', () => {
    const ways = all.flatMap(({ name, state, beside }) => {
      const order = Object.keys(beside)
      return onward(state).map((next) => ({ type: state.Type, back: order.indexOf(next) < order.indexOf(name) }))
    })
    expect(ways.filter(({ back }) => back).map(({ type }) => type)).toEqual(
      all.filter(({ name, state }) => state.Type === 'Wait' && !pauses.includes(name)).map(() => 'Wait'),
    )
  })
})
