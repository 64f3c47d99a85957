import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'
import { DONE, openStream, opens, says, startUpstream, USAGE_EVENT } from '../relay/upstream.ts'
import { ledgerOf } from './ledger-of.ts'

/** Micro-credits of 3 tokens of prompt and 20 of answer, and of the usage in the end. */
const METERED = 230_000
const COST = 460_000

test('a stream goes on when its instance is declared dead, which takes a new id', async () => {
  const { promise: streaming, resolve: stream } = Promise.withResolvers<ServerResponse>()
  const upstream = await startUpstream((response) => {
    openStream(response).write(opens('word') + says('word').repeat(19))
    stream(response)
  })
  const proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  const sibling = await startProxy({ databaseUrl: proxy.databaseUrl, sandbox: proxy.sandbox })
  const { accountId, key } = await proxy.customer('1000')
  const response = await proxy.chat(key, {
    model: 'any',
    stream: true,
    messages: [{ role: 'user', content: 'Hello there' }],
  })
  const id = response.headers.get('x-request-id') as string
  const text = response.text()
  const metered = async () => (await proxy.sql`select metered from holds where id = ${id}`)[0]
  await eventually(async () => Number((await metered())?.metered) === METERED)
  const { owner } = proxy.app.database
  const deadId = owner.id
  await proxy.sql`update instances set state = 'dead' where id = ${deadId}`

  const ended = (outcome: string) =>
    eventually(async () => {
      const { body } = await proxy.admin('GET', `/requests/${id}`)
      return body.outcome === outcome ? body : undefined
    }, 40)
  const crash = await ended('crashed')
  expect(crash.charged).toBe('0.23')
  await eventually(() => owner.id !== deadId)
  ;(await streaming).end(says('', 'stop') + USAGE_EVENT + DONE)
  expect(await text).toMatch(/data: \[DONE\]\n\n$/)
  const record = await ended('completed')
  expect(record).toMatchObject({ charged: '0.46', uncollected: '0', usage_source: 'reported' })
  expect(await ledgerOf(proxy, id)).toEqual([
    ['charge', METERED],
    ['late_charge', COST - METERED],
  ])
  const account = (await proxy.admin('GET', `/accounts/${accountId}`)).body
  expect(account).toMatchObject({ posted: '999.54', held: '0' })
  expect((await proxy.admin('GET', '/audit')).body).toMatchObject({ ok: true })
  await sibling.close()
  await proxy.close()
  await upstream.close()
}, 90_000)
