import { appendFile, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Journal, SEGMENT_BYTES } from '../../src/journal/journal.ts'
import { fromLine, toLine } from '../../src/journal/line.ts'
import { replayJournals } from '../../src/journal/replay.ts'
import type { Settlement } from '../../src/store/settle.ts'
import { aSettlement } from './a-settlement.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function replayed(): Promise<Settlement[]> {
  const found: Settlement[] = []
  await replayJournals(folder, 'our-own.journal', async (settlement) => found.push(settlement))
  return found
}

test('a record is read back as it was written', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 9_000_000_000_000_000_000n), fc.string(), (cost, message) => {
      const settlement = aSettlement(cost)
      settlement.record.error = { message, stack: null, causes: [message] }
      expect(fromLine(toLine(settlement).slice(0, -1))).toEqual(settlement)
    }),
  )
})

test('a record with any one character changed or cut off is not believed', () => {
  const line = toLine(aSettlement(123n)).slice(0, -1)
  fc.assert(
    fc.property(fc.nat(line.length - 1), fc.constantFrom('0', 'x', ' ', ''), (at, put) => {
      const damaged = line.slice(0, at) + put + line.slice(at + 1)
      if (damaged !== line) expect(fromLine(damaged)).toBeNull()
    }),
  )
})

test('a torn last line loses that record only', async () => {
  const [first, second] = [aSettlement(1n), aSettlement(2n)]
  await writeFile(join(folder, '1-dead.journal'), toLine(first) + toLine(second).slice(0, -20))
  await utimes(join(folder, '1-dead.journal'), 0, 0)
  expect(await replayed()).toEqual([first])
})

test('a journal without an owner is deleted once its records are settled', async () => {
  await writeFile(join(folder, '1-dead.journal'), toLine(aSettlement(1n)))
  await utimes(join(folder, '1-dead.journal'), 0, 0)
  expect(await replayed()).toHaveLength(1)
  expect(await readdir(folder)).toEqual([])
})

test('the journal of a live process is left to it', async () => {
  await writeFile(join(folder, `${process.pid}-alive.journal`), toLine(aSettlement(1n)))
  expect(await replayed()).toEqual([])
  expect(await readdir(folder)).toHaveLength(1)
})

test('what was written after a torn record is still read', async () => {
  const journal = new Journal(folder, 'mine')
  const file = join(folder, `${journal.name}.1.journal`)
  const [first, second] = [aSettlement(1n), aSettlement(2n)]
  journal.append(first)
  await appendFile(file, toLine(aSettlement(3n)).slice(0, 50)) // a write that the disk cut short
  await appendFile(file, '\n')
  journal.append(second)
  await utimes(file, 0, 0)
  expect(await replayed()).toEqual([first, second])
  journal.settled(first.id)
})

test('a journal with nothing open is gone when it is closed', async () => {
  const journal = new Journal(folder, 'mine')
  const settlement = aSettlement(1n)
  journal.append(settlement)
  journal.settled(settlement.id)
  journal.close()
  expect(await readdir(folder)).toEqual([])
})

test('a full disk makes the journal sick, and says so', async () => {
  await symlink('/dev/full', join(folder, `${process.pid}-mine.1.journal`))
  const journal = new Journal(folder, 'mine')
  expect(journal.healthy).toBe(true)
  expect(() => journal.append(aSettlement(1n))).toThrow('ENOSPC')
  expect(journal.healthy).toBe(false)
  expect(() => journal.beat(new Date())).toThrow()
  expect(journal.healthy).toBe(false)
})

test('a full file makes room for the next, and goes when its last record is settled', async () => {
  const journal = new Journal(folder, 'mine')
  const settlements: Settlement[] = []
  for (let bytes = 0; bytes < 2 * SEGMENT_BYTES; ) {
    const settlement = aSettlement(1n)
    journal.append(settlement)
    settlements.push(settlement)
    bytes += toLine(settlement).length
  }
  expect((await readdir(folder)).length).toBeGreaterThan(1)
  for (const settlement of settlements.slice(1)) journal.settled(settlement.id)
  expect(await readdir(folder)).toHaveLength(2)
  journal.settled((settlements[0] as Settlement).id)
  expect(await readdir(folder)).toHaveLength(1)
  journal.close()
  expect(await readdir(folder)).toEqual([])
})
