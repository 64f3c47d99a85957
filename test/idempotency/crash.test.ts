import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { ADMIN_TOKEN, SECRET_KEY } from '../harness/secrets.ts'
import { startServer } from '../start/server-process.ts'
import { type Answer, ask, codeOf, newKey, sendOnce, spentBy } from './setup.ts'

/** Seconds until a process that was killed is declared dead, and its requests are settled. */
const DEAD_S = 45

/** A question that the killed process was asked, under a key of an account of its own. */
type Asked = { customer: Customer; key: string; body: object; requestId: string | null }

let proxy: Tollkeeper
let dataDir: string
let unanswered: Asked
let cutOff: Asked
let complete: Asked
let calls: number

async function askVictim(origin: string, body: object) {
  const customer = await proxy.customer('1000')
  const key = newKey()
  const response = fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${customer.key}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body: JSON.stringify(body),
  })
  return { asked: { customer, key, body, requestId: null } as Asked, response }
}

beforeAll(async () => {
  proxy = await startProxy()
  dataDir = await mkdtemp(join(tmpdir(), 'tollkeeper-idempotency-'))
  const victim = startServer({
    DATABASE_URL: proxy.databaseUrl,
    OPENAI_BASE_URL: proxy.sandbox.url,
    DATA_DIR: dataDir,
    SECRET_KEY,
    ADMIN_TOKEN,
  })
  const origin = await victim.listening()

  const whole = await askVictim(origin, ask('sandbox-hang'))
  whole.response.catch(() => 'cut off by the kill')
  unanswered = whole.asked
  const long = ask('sandbox-echo', true, { reply_chars: 40_000, delay_ms: 20 })
  const stream = await askVictim(origin, long)
  cutOff = { ...stream.asked, requestId: (await stream.response).headers.get('x-request-id') }
  const cut = (await stream.response).text().catch(() => 'cut off by the kill')

  // From here on no answer can be kept: somebody else has the table locked.
  const lock = await proxy.sql.reserve()
  await lock`begin`
  await lock`lock table idempotency_answers in access exclusive mode`
  const last = await askVictim(origin, ask('sandbox-echo', true, { reply_chars: 40 }))
  const response = await last.response
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  complete = { ...last.asked, requestId: response.headers.get('x-request-id') }
  await untilKnown(proxy.sql)
  await victim.stop('SIGKILL')
  await endKeeping(proxy.sql)
  await lock`rollback`
  lock.release()
  await cut
  calls = proxy.sandbox.calls.size
})
afterAll(async () => {
  await proxy.close()
  await rm(dataDir, { recursive: true })
})

/** Waits until Postgres knows of all that the process was asked, and has an answer to keep. */
async function untilKnown(sql: postgres.Sql): Promise<void> {
  await eventually(async () => {
    const [found] = await sql`select
      exists (select from holds where id = ${cutOff.requestId} and metered > 0) as metered,
      exists (select from requests where id = ${complete.requestId}) as settled,
      exists (select from pg_stat_activity where datname = current_database()
        and application_name = 'tollkeeper-answers' and wait_event_type = 'Lock') as waits`
    const isSent = proxy.sandbox.calls.size === 3
    return (isSent && found?.metered && found.settled && found.waits) || undefined
  })
}

/** Ends what the killed process has begun to keep, in the sessions it has left. */
async function endKeeping(sql: postgres.Sql): Promise<void> {
  await eventually(async () => {
    const left = await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'tollkeeper-answers'
        and state <> 'idle'`
    return left.length === 0 || undefined
  })
}

/** Sends it to a process that lives, until its key is decided. */
function sendUntilDecided({ customer, key, body }: Asked): Promise<Answer> {
  return eventually(async () => {
    const answer = await sendOnce(proxy, customer.key, key, body)
    if (answer.status !== 409) return answer
    expect(codeOf(answer)).toBe('idempotency_key_in_use')
    await delay(250)
    return undefined
  }, DEAD_S)
}

async function expectGone(asked: Asked): Promise<void> {
  const answer = await sendUntilDecided(asked)
  expect([answer.status, codeOf(answer)]).toEqual([410, 'idempotency_answer_gone'])
  expect(answer.body.toString()).toContain(asked.requestId)
  expect(proxy.sandbox.calls.size).toBe(calls)
  const { charged } = await proxy.settled(asked.requestId as string)
  expect(Number(charged)).toBeGreaterThan(0)
  expect(await spentBy(proxy, asked.customer.key)).toBe(charged)
}

test('a stream that was charged when its process was killed is not run again', () =>
  expectGone(cutOff))

test('an answer a client saw complete, though the process was killed before it was kept, is not made again', () =>
  expectGone(complete))

test('a request that had no answer when its process was killed is sent upstream again', async () => {
  const client = new AbortController()
  const { customer, key, body } = unanswered
  const decided = eventually(async () => {
    await sendOnce(proxy, customer.key, key, body, { signal: client.signal }).catch(() => null)
    return client.signal.aborted || undefined
  }, DEAD_S)
  await eventually(() => proxy.sandbox.calls.size === calls + 1 || undefined, DEAD_S)
  client.abort()
  await decided
  expect(await spentBy(proxy, customer.key)).toBe('0')
})
