import { expect, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'
import { ledgerOf } from './ledger-of.ts'

test('a stream goes on when its instance is declared dead, which takes a new id', async () => {
  const proxy = await startProxy()
  const sibling = await startProxy({ databaseUrl: proxy.databaseUrl, sandbox: proxy.sandbox })
  const { accountId, key } = await proxy.customer('1000')
  const response = await proxy.chat(key, {
    model: 'sandbox-echo',
    stream: true,
    messages: [{ role: 'user', content: 'Hello there' }],
    sandbox: { reply_chars: 2_000, delay_ms: 20 },
  })
  const id = response.headers.get('x-request-id') as string
  const text = response.text()
  const metered = async () => (await proxy.sql`select metered from holds where id = ${id}`)[0]
  await eventually(async () => Number((await metered())?.metered) > 0)
  const { owner } = proxy.app.database
  const deadId = owner.id
  await proxy.sql`update instances set state = 'dead' where id = ${deadId}`

  const ended = (outcome: string) =>
    eventually(async () => {
      const { body } = await proxy.admin('GET', `/requests/${id}`)
      return body.outcome === outcome ? body : undefined
    }, 40)
  const crash = await ended('crashed')
  expect(Number(crash.charged)).toBeLessThan(5.03)
  expect(await text).toMatch(/data: \[DONE\]\n\n$/)
  const record = await ended('completed')
  expect(record).toMatchObject({ charged: '5.03', uncollected: '0', usage_source: 'reported' })
  const checkpoint = Number(crash.charged) * 1_000_000
  expect(await ledgerOf(proxy, id)).toEqual([
    ['charge', checkpoint],
    ['late_charge', 5_030_000 - checkpoint],
  ])
  expect(owner.id).not.toBe(deadId)
  const account = (await proxy.admin('GET', `/accounts/${accountId}`)).body
  expect(account).toMatchObject({ posted: '994.97', held: '0' })
  expect((await proxy.admin('GET', '/audit')).body).toMatchObject({ ok: true })
  await sibling.close()
  await proxy.close()
}, 90_000)
