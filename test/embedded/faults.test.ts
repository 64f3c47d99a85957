import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/store/embedded/index.ts'
import { homeOf, query, scratchDataDir, scratchFolder, serverOf } from './scratch.ts'
import { startProcess } from './tollkeeper-process.ts'

const POLL_MS = 5

test('a process killed in the middle of initdb leaves nothing that hinders the next', async () => {
  const dataDir = scratchDataDir()
  const killed = startProcess(dataDir)
  const isAtIt = (name: string) => existsSync(join(dataDir, name, 'cluster/PG_VERSION'))
  while (!readdirSync(dataDir).some(isAtIt)) await sleep(POLL_MS)
  await killed.kill('SIGKILL', true)
  expect(readdirSync(dataDir)).toEqual([expect.stringContaining('.making.')])

  const { stop } = await startEmbeddedPostgres({ dataDir })
  await stop()
  expect(readdirSync(dataDir)).toEqual(['postgres'])
})

test('a server that was itself killed is started again with what it had committed', async () => {
  const dataDir = scratchDataDir()
  const { url } = await startEmbeddedPostgres({ dataDir })
  await query(url, 'create table kept (); insert into kept default values')
  process.kill(serverOf(dataDir)?.pid ?? 0, 'SIGKILL')

  const again = await startEmbeddedPostgres({ dataDir })
  expect(again.adopted).toBe(false)
  expect(await query(again.url, 'select count(*) from kept')).toEqual([{ count: '1' }])
})

test("a stale pid file is no hindrance when its pid is now another process's", async () => {
  const dataDir = scratchDataDir()
  const first = await startEmbeddedPostgres({ dataDir })
  const file = join(homeOf(dataDir), 'cluster/postmaster.pid')
  const lines = readFileSync(file, 'utf8').split('\n')
  await first.stop()

  // Under the cluster's owner, since only then does Postgres itself take it for a server.
  const { uid, gid } = statSync(join(homeOf(dataDir), 'cluster'))
  const other = spawn('sleep', ['60'], { uid, gid, cwd: '/' })
  writeFileSync(file, [other.pid, ...lines.slice(1)].join('\n'))
  const second = await startEmbeddedPostgres({ dataDir })
  expect(second.adopted).toBe(false)
  await second.stop()
  other.kill()
})

test('a copy of a folder in use does not join the server of the original', async () => {
  const dataDir = scratchDataDir()
  const { stop } = await startEmbeddedPostgres({ dataDir })
  const copy = scratchFolder()
  spawnSync('cp', ['-a', `${dataDir}/.`, copy]) // a file of a living server may vanish meanwhile
  await expect(startEmbeddedPostgres({ dataDir: copy })).rejects.toThrow(
    `serves ${homeOf(dataDir)}/cluster`,
  )
  expect(serverOf(dataDir)).toBeDefined()
  await stop()
})

test('a folder that cannot hold the database is named, with what to do', async () => {
  const file = join(scratchFolder(), 'file')
  writeFileSync(file, '')
  await expect(startEmbeddedPostgres({ dataDir: file })).rejects.toThrow(
    /^The embedded database in .*\/file did not start: .*set DATABASE_URL/,
  )
})

test("somebody else's folder is not taken for the database", async () => {
  const dataDir = scratchFolder()
  mkdirSync(join(dataDir, 'postgres'))
  writeFileSync(join(dataDir, 'postgres/notes.txt'), '')
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow('move it away')
})

test('a server that refuses to start is quoted', async () => {
  const dataDir = scratchDataDir()
  await (await startEmbeddedPostgres({ dataDir })).stop()
  writeFileSync(join(homeOf(dataDir), 'cluster/postgresql.conf'), 'shared_buffers = much\n')
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow('"shared_buffers": "much"')
})
