import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SYSTEM_CLOCK } from '../../src/clock.ts'
import { Heir } from '../../src/journal/heir.ts'
import { Journal } from '../../src/journal/journal.ts'
import type { Settlement } from '../../src/store/lanes/settle.ts'
import { aSettlement } from './a-settlement.ts'

let folder: string
let nowMs: number
let settled: Settlement[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'))
  nowMs = 0
  settled = []
})
afterEach(() => rm(folder, { recursive: true }))

/** A process with a journal in the folder, which looks for those of others. */
function startProcess(name: string, settle = async (one: Settlement) => void settled.push(one)) {
  const journal = new Journal(folder, name)
  const heir = new Heir({
    journal,
    settle,
    trouble: (error) => {
      throw error
    },
    damaged: ({ file }) => {
      throw new Error(`${file} is damaged`)
    },
    isAlive: (pid) => pid !== 404,
    clock: { ...SYSTEM_CLOCK, now: () => nowMs },
  })
  return { journal, heir }
}

test('the journal of a process that does not run any more is settled at the start', async () => {
  const record = aSettlement(1n)
  startProcess('404-dead').journal.append(record)
  const { journal, heir } = startProcess('1-heir')
  expect(await heir.begin()).toBe(1)
  expect(settled).toEqual([record])
  journal.close()
  expect(await readdir(folder)).toEqual([])
})

test('the journal of a live process is left to it', async () => {
  const { journal } = startProcess('2-alive')
  journal.append(aSettlement(1n))
  const { heir } = startProcess('1-heir')
  expect(await heir.begin()).toBe(0)
  for (nowMs = 0; nowMs < 60_000; nowMs += 5_000) {
    journal.beat(new Date(nowMs))
    expect(await heir.look()).toBe(0)
  }
  expect(settled).toEqual([])
})

test('a journal that nobody touches for a while is settled by a process that runs', async () => {
  const record = aSettlement(1n)
  startProcess('2-silent').journal.append(record)
  const { heir } = startProcess('1-heir')
  expect(await heir.look()).toBe(0)
  nowMs = 9_999
  expect(await heir.look()).toBe(0)
  nowMs = 10_000
  expect(await heir.look()).toBe(1)
  expect(settled).toEqual([record])
})

test('a process whose journal was taken while it stood still writes what follows to a new one', async () => {
  const stopped = startProcess('2-stopped').journal
  const { journal, heir } = startProcess('1-heir')
  const [first, second, third] = [aSettlement(1n), aSettlement(2n), aSettlement(3n)]
  stopped.append(first)
  await heir.look()
  nowMs = 10_000
  expect(await heir.look()).toBe(1)
  stopped.append(second)
  stopped.append(third)
  stopped.settled(first.id)
  expect(await startProcess('404-later').heir.begin()).toBe(0)
  nowMs = 20_000
  await heir.look()
  nowMs = 30_000
  expect(await heir.look()).toBe(2)
  expect(settled).toEqual([first, second, third])
  journal.close()
  stopped.close()
})

test('a journal that was taken over stays on the disk until its records are settled', async () => {
  const record = aSettlement(1n)
  startProcess('404-dead').journal.append(record)
  const never = startProcess('404-heir', () => new Promise(() => {}))
  void never.heir.begin() // and then it dies as well
  const { journal, heir } = startProcess('1-second-heir')
  expect(await heir.begin()).toBe(1)
  expect(settled).toEqual([record])
  journal.close()
  expect(await readdir(folder)).toEqual([])
})

test('a journal whose folder was taken away goes on in a new one', async () => {
  const { journal } = startProcess('404-mine')
  await rm(folder, { recursive: true })
  const record = aSettlement(1n)
  journal.append(record)
  expect(journal.healthy).toBe(true)
  expect(await startProcess('1-heir').heir.begin()).toBe(1)
  expect(settled).toEqual([record])
})

test('what Postgres refuses is kept in a file of its own, and is no record any more', async () => {
  const { journal } = startProcess('404-mine')
  const record = aSettlement(7n)
  journal.append(record)
  journal.setAside(record, 'it violates a rule', new Date(0))
  journal.close()
  expect(await readdir(folder)).toEqual(['refused.jsonl'])
  expect(await startProcess('1-heir').heir.begin()).toBe(0)
})
