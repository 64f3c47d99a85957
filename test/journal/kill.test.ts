import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'
import { ADMIN_TOKEN, SECRET_KEY } from '../harness/secrets.ts'
import { startServer } from '../start/server-process.ts'

test('an answer a client saw complete is charged exactly, though the process was killed before Postgres knew', async () => {
  const proxy = await startProxy()
  const customer = await proxy.customer('1000')
  const dataDir = await mkdtemp(join(tmpdir(), 'tollkeeper-kill-'))
  const env = {
    DATABASE_URL: proxy.databaseUrl,
    OPENAI_BASE_URL: proxy.sandbox.url,
    DATA_DIR: dataDir,
    SECRET_KEY,
    ADMIN_TOKEN,
  }
  const victim = startServer(env)
  const origin = await victim.listening()
  const response = await fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${customer.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'sandbox-echo',
      stream: true,
      messages: [{ role: 'user', content: 'Hello there' }],
      sandbox: { reply_chars: 40, delay_ms: 50 },
    }),
  })
  const id = response.headers.get('x-request-id') as string

  // From here on Postgres can not settle: somebody else has the accounts locked.
  const lock = await proxy.sql.reserve()
  await lock`begin`
  await lock`lock table accounts in access exclusive mode`
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  await victim.stop('SIGKILL')
  await lock`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tollkeeper-settle' and wait_event_type = 'Lock'`
  await lock`rollback`
  lock.release()
  const [hold] = await proxy.sql`select id from holds where id = ${id}`
  expect(hold).toBeDefined()

  const heir = startServer(env)
  await heir.listening()
  const record = await eventually(async () => {
    const { body } = await proxy.admin('GET', `/requests/${id}`)
    return body.state === 'settled' ? body : undefined
  }, 40)
  expect(record).toMatchObject({
    outcome: 'completed',
    usage_source: 'reported',
    prompt_tokens: 3,
    completion_tokens: 10,
    charged: '0.13',
  })
  expect(await heir.stop('SIGTERM')).toBe(0)
  await proxy.close()
  await rm(dataDir, { recursive: true })
}, 90_000)
