import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FullAudit } from '../../src/store/audit/full-audit.ts'
import { expectError } from '../harness/error-answer.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ADMIN_TOKEN } from '../harness/secrets.ts'

/** Longer than a statement of the shared connections may take, in milliseconds. */
const LONG_MS = 16_000

/** Milliseconds after which an audit is given up: many times what one takes that nobody blocks. */
const SHORT_MS = 3_000

let proxy: Tollkeeper
let letGo: () => Promise<unknown>
let asked: number
beforeEach(async () => {
  proxy = await startProxy()
  asked = 0
  proxy.app.server.on('request', ({ url }) => {
    if (url === '/admin/audit') asked += 1
  })
  const session = await proxy.sql.reserve()
  await session`begin`
  await session`lock table price_correction_accounts` // nothing but a full audit reads it
  letGo = async () => {
    await session`rollback`
    session.release()
  }
})
afterEach(() => proxy.close())

function audit(signal?: AbortSignal): Promise<Response> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  return fetch(`${proxy.origin}/admin/audit`, { headers, ...(signal && { signal }) })
}

/** The sessions of Postgres that run an audit of everything, by process id. */
async function sessions(): Promise<number[]> {
  const rows = await proxy.sql`select pid from pg_stat_activity
    where application_name = 'tollkeeper-audit-all' and datname = current_database()`
  return rows.map(({ pid }) => pid)
}

const someSession = () => eventually(async () => (await sessions())[0])

/** One runs, and the other has arrived. */
async function oneOfTwoRuns(): Promise<void> {
  await someSession()
  await eventually(() => asked === 2)
}

const noSession = () => eventually(async () => (await sessions()).length === 0 || undefined)

test('an audit of everything may take longer than any other statement', {
  timeout: 60_000,
}, async () => {
  const answering = audit()
  await someSession()
  await delay(LONG_MS)
  expect((await proxy.admin('GET', '/accounts')).status).toBe(200)
  await letGo()
  expect(await (await answering).json()).toMatchObject({ ok: true })
  await noSession()
})

test('a second audit of everything waits for the first', async () => {
  const both = [audit(), audit()]
  await oneOfTwoRuns()
  await delay(300)
  expect(await sessions()).toHaveLength(1)
  await letGo()
  for (const answering of both) expect((await answering).status).toBe(200)
})

test('an audit of everything ends in Postgres when its client leaves, and the next begins', async () => {
  const client = new AbortController()
  const leaving = audit(client.signal)
  const first = await someSession()
  const next = audit()
  client.abort()
  await expect(leaving).rejects.toThrow()
  await eventually(async () => {
    const now = await sessions()
    return (now.length === 1 && now[0] !== first) || undefined
  })
  await letGo()
  expect((await next).status).toBe(200)
  expect(proxy.logs.filter(({ level }) => level >= 50)).toEqual([])
})

test('a shutdown ends an audit of everything, and those that wait', async () => {
  const both = [audit(), audit()]
  await oneOfTwoRuns()
  const closing = proxy.app.close()
  for (const answering of both) {
    await expectError(await answering, { status: 503, code: 'shutting_down' })
  }
  await noSession()
  await letGo()
  await closing
})

test('an audit of everything that takes too long says so, and does not blame Postgres', async () => {
  const audits = new FullAudit(proxy.databaseUrl, SHORT_MS)
  await expect(audits.run(new AbortController().signal)).rejects.toMatchObject({
    code: 'internal_error',
    message: expect.stringContaining('given up'),
  })
  await letGo()
  expect(await audits.run(new AbortController().signal)).toMatchObject({ violations: [] })
})
