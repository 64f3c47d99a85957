import { expect, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'

test('a stream whose hold others have ended goes on past that hold, and is charged in the end', async () => {
  const one = await startProxy()
  const two = await startProxy({ databaseUrl: one.databaseUrl, sandbox: one.sandbox })
  await one.admin('PUT', '/tiers/sliced', { hold_output_tokens: 20 })
  const customer = await one.customer('10', { tier: 'sliced' })
  const response = await one.chat(customer.key, {
    model: 'sandbox-echo',
    stream: true,
    messages: [{ role: 'user', content: 'Hello there' }],
    sandbox: { reply_chars: 1_600, delay_ms: 20 },
  })
  const id = response.headers.get('x-request-id') as string
  await one.sql`update instances set state = 'dead' where id = ${one.app.database.instanceId()}`
  await eventually(async () => (await one.sql`select from holds`).length === 0)

  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  expect(await one.logOf(id)).toMatchObject({ outcome: 'completed', charged: '4.03' })
  expect(await two.settled(id)).toMatchObject({ outcome: 'completed', charged: '4.03' })
  const { body } = await one.admin('GET', `/accounts/${customer.accountId}`)
  expect(body).toMatchObject({ posted: '5.97', held: '0' })
  await two.close()
  await one.close()
})
