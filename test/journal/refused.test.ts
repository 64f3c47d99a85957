import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'
import { scrape } from '../metrics/scrape.ts'

test('a settlement that Postgres refuses is kept for the operator, and its hold is released', async () => {
  const dataDir = join(inject('logDir'), 'refused')
  const proxy = await startProxy({ env: { DATA_DIR: dataDir } })
  const { accountId, key } = await proxy.customer('1000')
  await proxy.sql`alter table requests add constraint no_ten check (completion_tokens <> 10)`
  const response = await proxy.chat(key, {
    model: 'sandbox-echo',
    stream: true,
    messages: [{ role: 'user', content: 'Hello there' }],
    sandbox: { reply_chars: 40 },
  })
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  const id = response.headers.get('x-request-id') as string

  const refused = await eventually(() =>
    readFile(join(dataDir, 'journal/refused.jsonl'), 'utf8').catch(() => undefined),
  )
  expect(refused.split('\n')).toHaveLength(2)
  expect(JSON.parse(refused)).toMatchObject({
    id,
    accountId: accountId.slice('acc_'.length),
    cost: '130000',
    reason: expect.stringContaining('no_ten'),
    record: { outcome: 'completed', completionTokens: 10 },
  })
  const said = proxy.logs.find(({ msg }) => msg === 'Postgres refuses a settlement: set aside')
  expect(said).toMatchObject({ request_id: id, level: 50 })
  const metrics = await scrape(proxy)
  expect(metrics.sum('tollkeeper_settlements_refused_total')).toBe(1)
  expect(metrics.sum('tollkeeper_settlements_waiting')).toBe(0)

  const account = async () => (await proxy.admin('GET', `/accounts/${accountId}`)).body
  await eventually(async () => (await account()).held === '0', 40)
  expect(await account()).toMatchObject({ posted: '1000' })
  expect(await proxy.settled(id)).toMatchObject({ outcome: 'crashed', charged: '0' })
  await proxy.close()
}, 90_000)
