import { mkdtemp, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'
import { ADMIN_TOKEN, SECRET_KEY } from '../harness/secrets.ts'
import { DONE, openStream, opens, says, startUpstream, USAGE_EVENT } from '../relay/upstream.ts'
import { startServer } from '../start/server-process.ts'

test('an answer a client saw complete is charged exactly, though the process was killed before Postgres knew', async () => {
  const proxy = await startProxy()
  const { promise: streaming, resolve: stream } = Promise.withResolvers<ServerResponse>()
  const upstream = await startUpstream((response) => {
    openStream(response).write(opens('Hello'))
    stream(response)
  })
  const customer = await proxy.customer('1000')
  const dataDir = await mkdtemp(join(tmpdir(), 'tollkeeper-kill-'))
  const env = {
    DATABASE_URL: proxy.databaseUrl,
    OPENAI_BASE_URL: upstream.origin,
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
      model: 'any',
      stream: true,
      messages: [{ role: 'user', content: 'Hello there' }],
    }),
  })
  const id = response.headers.get('x-request-id') as string

  // From here on Postgres can not settle: somebody else has the accounts locked.
  const lock = await proxy.sql.reserve()
  await lock`begin`
  await lock`lock table accounts in access exclusive mode`
  ;(await streaming).end(says(' there', 'stop') + USAGE_EVENT + DONE)
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  await victim.stop('SIGKILL')
  // What it has sent to Postgres goes with its session: before the lock does.
  await lock`select pg_terminate_backend(pid, 10000) from pg_stat_activity
    where datname = current_database() and application_name = 'tollkeeper-settle'`
  await lock`rollback`
  lock.release()
  const [hold] = await proxy.sql`select id from holds where id = ${id}`
  expect(hold).toBeDefined()

  const heir = startServer(env)
  await heir.listening()
  // If that takes long, another instance has settled it at its last checkpoint.
  const record = await eventually(async () => {
    const { body } = await proxy.admin('GET', `/requests/${id}`)
    return body.outcome === 'completed' ? body : undefined
  }, 40)
  expect(record).toMatchObject({
    state: 'settled',
    usage_source: 'reported',
    prompt_tokens: 12,
    completion_tokens: 34,
    charged: '0.46',
  })
  expect(await heir.stop('SIGTERM')).toBe(0)
  await proxy.close()
  await upstream.close()
  await rm(dataDir, { recursive: true })
}, 90_000)
