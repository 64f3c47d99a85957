import { expect, test } from 'vitest'
import { latest } from '../../src/store/latest.ts'

/** Readings that end when the test says so. */
function readings() {
  const running: PromiseWithResolvers<string>[] = []
  const what = latest('first', () => {
    const reading = Promise.withResolvers<string>()
    running.push(reading)
    return reading.promise
  })
  return { what, end: (at: number, found: string) => running[at]?.resolve(found), running }
}

test('a reading that ends after one that began later does not undo it', async () => {
  const { what, end } = readings()
  const older = what.again()
  const newer = what.again()
  end(1, 'new')
  expect(await newer).toBe('new')
  end(0, 'old')
  expect(await older).toBe('new')
  expect(what.known()).toBe('new')
})

test('readings that end in their order count, and a failed one does not', async () => {
  const { what, end, running } = readings()
  expect(what.known()).toBe('first')
  const older = what.again()
  const newer = what.again()
  end(0, 'old')
  expect(await older).toBe('old')
  running[1]?.reject(new Error('away'))
  await expect(newer).rejects.toThrow('away')
  expect(what.known()).toBe('old')
})
