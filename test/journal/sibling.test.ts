import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'
import { ADMIN_TOKEN, SECRET_KEY } from '../harness/secrets.ts'
import { startServer } from '../start/server-process.ts'

test('the journal of a killed process is settled by one that goes on in the same folder', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tollkeeper-sibling-'))
  const proxy = await startProxy({ env: { DATA_DIR: dataDir } })
  const { accountId, key } = await proxy.customer('1000')
  const victim = startServer({
    DATABASE_URL: proxy.databaseUrl,
    OPENAI_BASE_URL: proxy.sandbox.url,
    DATA_DIR: dataDir,
    SECRET_KEY,
    ADMIN_TOKEN,
  })
  const origin = await victim.listening()
  const response = await fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'sandbox-echo',
      stream: true,
      messages: [{ role: 'user', content: 'Hello there' }],
      sandbox: { reply_chars: 40, delay_ms: 50 },
    }),
  })
  const id = response.headers.get('x-request-id') as string
  await proxy.sql`alter function settle_v3 rename to settle_v3_away`
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  await victim.stop('SIGKILL')
  await proxy.sql`alter function settle_v3_away rename to settle_v3`

  const record = await eventually(async () => {
    const { body } = await proxy.admin('GET', `/requests/${id}`)
    return body.outcome === 'completed' ? body : undefined
  }, 40)
  expect(record).toMatchObject({ charged: '0.13', usage_source: 'reported' })
  expect((await proxy.admin('GET', `/accounts/${accountId}`)).body).toMatchObject({
    posted: '999.87',
    held: '0',
  })
  await proxy.close()
  await rm(dataDir, { recursive: true })
}, 90_000)
