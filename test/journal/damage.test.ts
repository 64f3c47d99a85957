import { appendFile, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Heir } from '../../src/journal/heir.ts'
import { type Damage, Journal, SEGMENT_BYTES } from '../../src/journal/journal.ts'
import { fromLine, toLine } from '../../src/journal/line.ts'
import type { Settlement } from '../../src/store/lanes/settle.ts'
import { aSettlement } from './a-settlement.ts'

let folder: string
let damages: Damage[]
beforeEach(async () => {
  damages = []
  folder = await mkdtemp(join(tmpdir(), 'journal-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** What the next process in that folder finds at its start. */
async function inherited(): Promise<Settlement[]> {
  const found: Settlement[] = []
  const journal = new Journal(folder, `${process.pid}-heir`)
  const heir = new Heir({
    journal,
    settle: async (settlement) => found.push(settlement),
    trouble: (error) => {
      throw error
    },
    damaged: (damage) => damages.push(damage),
  })
  await heir.begin()
  journal.close()
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

/** A file as a process left it that had our id before us. */
const LEFT = `${process.pid}-before.1.journal`

test.each([
  ['of somebody else', 'notes.journal', Buffer.from([0xff, 0x00, 0xfe, 0x0a, 0x41])],
  ['with a damaged record alone', LEFT, Buffer.from(toLine(aSettlement(1n)).replace('1', '2'))],
  ['with a damaged record among others', LEFT, Buffer.from(`${toLine(aSettlement(1n))}what\n`)],
])('a file %s is kept under another name, byte for byte', async (_, name, bytes) => {
  await writeFile(join(folder, name), bytes)
  await inherited()
  expect(damages).toEqual([
    { file: name, lines: expect.any(Number), kept: expect.stringMatching(/\.damaged$/) },
  ])
  const { kept } = damages[0] as Damage
  expect(await readFile(kept)).toEqual(bytes)
  expect(await readdir(folder)).toEqual([basename(kept)])
  await inherited()
  expect(damages).toHaveLength(1)
})

test('an empty journal that somebody left is no damage', async () => {
  await writeFile(join(folder, LEFT), '')
  expect(await inherited()).toEqual([])
  expect([damages, await readdir(folder)]).toEqual([[], []])
})

test('a torn last line loses that record only', async () => {
  const [first, second] = [aSettlement(1n), aSettlement(2n)]
  await writeFile(join(folder, LEFT), toLine(first) + toLine(second).slice(0, -20))
  expect(await inherited()).toEqual([first])
})

test('what was written after a torn record is still read', async () => {
  const journal = new Journal(folder, `${process.pid}-before`)
  const [first, second] = [aSettlement(1n), aSettlement(2n)]
  journal.append(first)
  const torn = toLine(aSettlement(3n)).slice(0, 50) // the disk cut it short
  await appendFile(join(folder, LEFT), `${torn}\n`)
  journal.append(second)
  expect(await inherited()).toEqual([first, second])
})

test('a record is read back whatever line separators are in it', async () => {
  const settlement = aSettlement(1n)
  settlement.record.model = 'a\u2028b\u2029c\rd\r\ne\u0085f'
  await writeFile(join(folder, LEFT), toLine(settlement))
  expect(await inherited()).toEqual([settlement])
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
  await symlink('/dev/full', join(folder, 'mine.1.journal'))
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
