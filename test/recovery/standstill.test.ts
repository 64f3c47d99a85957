import { expect, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'
import { ADMIN_TOKEN, SECRET_KEY } from '../harness/secrets.ts'
import { startServer } from '../start/server-process.ts'
import { ledgerOf } from './ledger-of.ts'

test('a process that stood still until it was declared dead holds nothing under its old id', async () => {
  const proxy = await startProxy()
  const { accountId, key } = await proxy.customer('1000')
  const victim = startServer({
    DATABASE_URL: proxy.databaseUrl,
    OPENAI_BASE_URL: proxy.sandbox.url,
    SECRET_KEY,
    ADMIN_TOKEN,
  })
  const origin = await victim.listening()
  const chat = (replyChars: number) =>
    fetch(`${origin}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'sandbox-echo',
        stream: true,
        messages: [{ role: 'user', content: 'Hello there' }],
        sandbox: { reply_chars: replyChars, delay_ms: 20 },
      }),
    })
  const before = await chat(2_000)
  victim.child.kill('SIGSTOP')
  const idOf = (response: Response) => response.headers.get('x-request-id') as string
  const ended = (id: string, outcome: string) =>
    eventually(async () => {
      const { body } = await proxy.admin('GET', `/requests/${id}`)
      return body.outcome === outcome ? body : undefined
    }, 40)
  await ended(idOf(before), 'crashed')
  const asked = chat(2_000) // waits for the process, which finds it first of all
  victim.child.kill('SIGCONT')
  const after = await asked
  for (const response of [before, after]) {
    expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  }

  for (const response of [before, after]) {
    const record = await ended(idOf(response), 'completed')
    expect(record).toMatchObject({ charged: '5.03', uncollected: '0' })
  }
  expect(await ledgerOf(proxy, idOf(after))).toEqual([['charge', 5_030_000]])
  const late = (await ledgerOf(proxy, idOf(before))).filter(([kind]) => kind === 'late_charge')
  expect(late).toHaveLength(1)
  expect((await proxy.admin('GET', `/accounts/${accountId}`)).body).toMatchObject({ held: '0' })
  expect((await proxy.admin('GET', '/audit')).body).toMatchObject({ ok: true })
  expect(await victim.stop('SIGTERM')).toBe(0)
  await proxy.close()
}, 90_000)
