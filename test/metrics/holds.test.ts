import { randomUUIDv7 } from 'node:crypto'
import { expect, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'
import { scrape } from './scrape.ts'

const HOLDS = 'tollkeeper_open_holds'

test('open holds are those of the requests that run now', async () => {
  const proxy = await startProxy()
  const { key } = await proxy.customer('1000')
  const body = { model: 'sandbox-hang', stream: true, messages: [] }
  const clients = [new AbortController(), new AbortController()]
  const answers = clients.map(({ signal }) => proxy.chat(key, body, { signal }).catch(() => null))
  await eventually(async () => (await scrape(proxy)).sum(HOLDS) === 2)
  clients[0]?.abort()
  await eventually(async () => (await scrape(proxy)).sum(HOLDS) === 1)
  clients[1]?.abort()
  await eventually(async () => (await scrape(proxy)).sum(HOLDS) === 0)
  await Promise.all(answers)
  await proxy.close()
})

test('what a dead process left is counted where it is settled, as crashed', async () => {
  const proxy = await startProxy()
  const { accountId, keyId } = await proxy.customer('1000')
  const instance = randomUUIDv7()
  await proxy.sql`insert into instances (id, host) values (${instance}, 'gone')`
  const row = {
    id: randomUUIDv7(),
    account_id: accountId.slice('acc_'.length),
    key_id: keyId.slice('key_'.length),
    amount: '500000',
    minimum: '500000',
    terms: { endpoint: '/v1/chat/completions', model: 'm', provider: 'openai', stream: true },
  }
  const batch = JSON.stringify([row])
  await proxy.sql`select * from reserve_v1(${instance}::uuid, ${batch}::text::json, false)`
  await proxy.sql`update holds set metered = 70000 where id = ${row.id}`
  await proxy.sql`update instances set state = 'dead' where id = ${instance}`
  const metrics = await eventually(async () => {
    const now = await scrape(proxy)
    return now.sum('tollkeeper_charged_microcredits_total') > 0 ? now : undefined
  })
  expect(metrics.sum('tollkeeper_charged_microcredits_total')).toBe(70_000)
  expect(metrics.of('tollkeeper_requests_total', { outcome: 'crashed' })).toMatchObject([
    { endpoint: '/v1/chat/completions', value: 1 },
  ])
  await proxy.close()
})
