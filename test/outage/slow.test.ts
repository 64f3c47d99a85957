import { expect, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'
import { slowPostgres } from './outages.ts'
import { leakedSessions } from './sessions.ts'

test('a Postgres whose answers are late loses no answer, no charge and no connection', async () => {
  const outage = await slowPostgres()
  const proxy = await startProxy({ databaseUrl: outage.link.url })
  const customer = await proxy.customer('1000')
  const ask = (stream: boolean) =>
    proxy.chat(customer.key, {
      model: 'sandbox-echo',
      stream,
      messages: [{ role: 'user', content: 'Hello there' }],
      sandbox: { reply_chars: 160, delay_ms: 20, prompt_tokens: 9 },
    })
  await (await ask(false)).text()
  await outage.begin()

  const responses = await Promise.all([true, false, true, false, true].map(ask))
  const served = responses.filter(({ status }) => status === 200)
  for (const response of responses) {
    const text = await response.text()
    if (response.status !== 200) expect(text).toContain('"ledger_unavailable"')
    else expect(text).toMatch(/data: \[DONE\]\n\n$|"total_tokens":49/)
  }
  await outage.end()
  for (const { headers } of served) {
    const record = await proxy.settled(headers.get('x-request-id') as string)
    expect(record).toMatchObject({ outcome: 'completed', charged: '0.49' })
  }
  const account = (await proxy.admin('GET', `/accounts/${customer.accountId}`)).body
  expect(account.posted).toBe(String(1000 - (served.length + 1) * 0.49))
  await eventually(async () => (await leakedSessions(outage.direct)).length === 0, 30)
  await proxy.close()
  await outage.close()
})
