import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../harness/free-port.ts'
import { eventually } from '../harness/proxy.ts'
import { SECRET_KEY } from '../harness/secrets.ts'
import { startServer } from './server-process.ts'

let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tollkeeper-starting-'))
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))

/** The process of the embedded database, as soon as it has one. */
function postmasterPid(): number | undefined {
  try {
    const text = readFileSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8')
    return Number(text.split('\n')[0]) || undefined
  } catch {
    return undefined
  }
}

test('a signal while the server starts leaves no database behind', async () => {
  const server = startServer({ DATA_DIR: dataDir })
  const pid = await eventually(postmasterPid)
  expect(await server.stop('SIGTERM')).toBe(0)
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

test('a server that waits for its Postgres ends at a signal', async () => {
  const silent = createServer(() => {})
  const port = await freePort()
  const asked = new Promise((resolve) => silent.once('connection', resolve))
  silent.listen(port, '127.0.0.1')
  const server = startServer({
    DATA_DIR: dataDir,
    SECRET_KEY,
    DATABASE_URL: `postgres://tollkeeper@127.0.0.1:${port}/tollkeeper`,
  })
  await asked
  expect(await server.stop('SIGTERM')).toBe(0)
  expect(server.stdout()).toContain('"msg":"stopping"')
  silent.close()
})
