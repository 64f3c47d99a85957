import { expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/store/embedded/index.ts'
import { query, scratchDataDir, serverOf } from './scratch.ts'
import { startProcess } from './tollkeeper-process.ts'

test('the server of a process that was killed is adopted, with its data', async () => {
  const dataDir = scratchDataDir()
  const killed = startProcess(dataDir)
  const { url } = await killed.ready()
  await query(url, 'create table kept (); insert into kept default values')
  await killed.kill('SIGKILL')
  const pid = serverOf(dataDir)?.pid

  const heir = await startEmbeddedPostgres({ dataDir })
  expect(heir).toMatchObject({ url, adopted: true })
  expect(await query(heir.url, 'select count(*) from kept')).toEqual([{ count: '1' }])
  expect(serverOf(dataDir)?.pid).toBe(pid)
  await heir.stop()
  expect(serverOf(dataDir)).toBeUndefined()
})

test('a second process shares the server and only the last to stop ends it', async () => {
  const dataDir = scratchDataDir()
  const first = startProcess(dataDir)
  await first.ready()
  const second = startProcess(dataDir)
  const { url, adopted } = await second.ready()
  expect(adopted).toBe(true)

  await first.stop()
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  await second.stop()
  expect(serverOf(dataDir)).toBeUndefined()
})

test('the first to stop may be the one that adopted', async () => {
  const dataDir = scratchDataDir()
  const starter = await startEmbeddedPostgres({ dataDir })
  const guest = await startEmbeddedPostgres({ dataDir })
  await guest.stop()
  expect(await query(starter.url, 'select 1 as one')).toEqual([{ one: 1 }])
  await starter.stop()
  expect(serverOf(dataDir)).toBeUndefined()
})

test('processes that start at once on an empty folder share one server', async () => {
  const dataDir = scratchDataDir()
  const processes = [1, 2, 3].map(() => startProcess(dataDir))
  const ready = await Promise.all(processes.map((process) => process.ready()))
  expect(new Set(ready.map(({ url }) => url)).size).toBe(1)
  expect(ready.filter(({ adopted }) => !adopted)).toHaveLength(1)
  await Promise.all(processes.map((process) => process.stop()))
  expect(serverOf(dataDir)).toBeUndefined()
})

test('a start during a stop gets a server that lasts', async () => {
  const dataDir = scratchDataDir()
  let last = await startEmbeddedPostgres({ dataDir })
  for (let round = 0; round < 10; round++) {
    const [next] = await Promise.all([startEmbeddedPostgres({ dataDir }), last.stop()])
    expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }])
    last = next
  }
  await last.stop()
  expect(serverOf(dataDir)).toBeUndefined()
})

test("Ctrl-C in the terminal does not reach the server's process group", async () => {
  const dataDir = scratchDataDir()
  const interrupted = startProcess(dataDir)
  const { url } = await interrupted.ready()
  await interrupted.kill('SIGINT', true)
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
})
