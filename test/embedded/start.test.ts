import { chmodSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/store/embedded/index.ts'
import { homeOf, query, scratchDataDir, scratchFolder, serverOf } from './scratch.ts'

test('the first start makes a database and the second finds its data again', async () => {
  const dataDir = scratchDataDir()
  const first = await startEmbeddedPostgres({ dataDir })
  await query(first.url, 'create table kept (amount bigint); insert into kept values (7)')
  await Promise.all([first.stop(), first.stop()])
  expect(serverOf(dataDir)).toBeUndefined()

  const second = await startEmbeddedPostgres({ dataDir })
  expect(second.adopted).toBe(false)
  expect(await query(second.url, 'select amount from kept')).toEqual([{ amount: '7' }])
  await second.stop()
})

test('it speaks UTF8, keeps what it committed and lets in only who has the password', async () => {
  const dataDir = scratchDataDir()
  const { url, stop } = await startEmbeddedPostgres({ dataDir })
  const names = ['server_encoding', 'fsync', 'synchronous_commit', 'listen_addresses']
  const settings = names.map((name) => `current_setting('${name}') as ${name}`).join()
  expect(await query(url, `select ${settings}, current_database() as name`)).toEqual([
    {
      server_encoding: 'UTF8',
      fsync: 'on',
      synchronous_commit: 'on',
      listen_addresses: '127.0.0.1',
      name: 'tollkeeper',
    },
  ])

  const stranger = new URL(url)
  stranger.password = 'guessed'
  await expect(query(stranger.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })

  const file = join(homeOf(dataDir), 'password')
  expect(url).toContain(readFileSync(file, 'utf8'))
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(statSync(homeOf(dataDir)).mode & 0o007).toBe(0)
  await stop()
})

test('a path too long for a unix socket is no trouble', async () => {
  const open = scratchFolder()
  chmodSync(open, 0o711)
  const dataDir = scratchDataDir(join(open, 'x'.repeat(120), 'y'.repeat(120)))
  const { stop } = await startEmbeddedPostgres({ dataDir })
  expect(homeOf(dataDir)).toBe(join(dataDir, 'postgres'))
  await stop()
})
