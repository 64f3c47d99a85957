import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { type Customer, eventually, type Proxy, startProxy } from '../harness/proxy.ts'
import {
  answerWhole,
  DONE,
  openStream,
  opens,
  says,
  startUpstream,
  type Upstream,
  USAGE_EVENT,
} from '../relay/upstream.ts'
import { OUTAGES, type Outage } from './outages.ts'
import { leakedSessions } from './sessions.ts'

const STREAMS = 4
const REFUSED = 60

/** Longer than a key that was looked up before is believed: from then on nothing is reserved. */
const KEYS_FORGOTTEN_MS = 1_200

const BODY = { model: 'any', messages: [{ role: 'user', content: 'Hello there' }] }

/** 12 tokens of prompt and 34 of answer, at 10 credits for 1,000. */
const COST = '0.46'

/** What is left of 1,000 credits after a plain request and the streams. */
const LEFT = '997.7'

/** An upstream whose streams begin at once, and end when they are told to. */
async function openUpstream() {
  const ends: (() => void)[] = []
  const upstream = await startUpstream((response, { body }) => {
    if (!JSON.parse(body.toString()).stream) return answerWhole(response)
    openStream(response).write(opens('Hello'))
    ends.push(() => response.end(says(' there', 'stop') + USAGE_EVENT + DONE))
  })
  return { upstream, ends }
}

describe.each(Object.keys(OUTAGES))('while Postgres %s', (name) => {
  let outage: Outage
  let proxy: Proxy
  let upstream: Upstream
  let ends: (() => void)[]
  let customer: Customer
  let streams: { id: string; text: Promise<string> }[]

  beforeAll(async () => {
    outage = await (OUTAGES[name] as () => Promise<Outage>)()
    ;({ upstream, ends } = await openUpstream())
    const env = { OPENAI_BASE_URL: upstream.origin }
    proxy = await startProxy({ databaseUrl: outage.link.url, env })
    customer = await proxy.customer('1000')
    await (await ask()).text()
    streams = await Promise.all(
      Array.from({ length: STREAMS }, async () => {
        const response = await proxy.chat(customer.key, { ...BODY, stream: true })
        return { id: response.headers.get('x-request-id') as string, text: response.text() }
      }),
    )
    await outage.begin()
    await delay(KEYS_FORGOTTEN_MS)
  })
  afterAll(async () => {
    await proxy?.close()
    await upstream?.close()
    await outage?.close()
  })

  const ask = () => proxy.chat(customer.key, BODY)

  test('nothing begins: 503, and when to come back', async () => {
    for (let asked = 0; asked < 3; asked += 1) {
      const response = await ask()
      expect(response.headers.get('retry-after')).toMatch(/^[1-9]$/)
      await expectError(response, { status: 503, code: 'ledger_unavailable' })
    }
  })

  test('what runs goes on to its end', async () => {
    for (const end of ends) end()
    for (const { text } of streams) {
      expect(await text).toMatch(/data: \[DONE\]\n\n$/)
    }
  })

  test('what waits for Postgres is what has run, and not what was refused', async () => {
    const { settlements, lanes } = proxy.app.database
    const refusals = await Promise.all(Array.from({ length: REFUSED }, ask))
    expect(new Set(refusals.map(({ status }) => status))).toEqual(new Set([503]))
    for (const refusal of refusals) await refusal.text()
    await eventually(() => settlements.size >= STREAMS)
    expect(settlements.size).toBeLessThanOrEqual(STREAMS + 1)
    const queued = Object.values(lanes).map(({ depth }) => depth)
    expect(Math.max(...queued)).toBeLessThan(REFUSED)
  })

  test('each answer is charged exactly when it is back', async () => {
    await outage.end()
    for (const { id } of streams) {
      const record = await eventually(async () => {
        const { status, body } = await proxy.admin('GET', `/requests/${id}`)
        return status === 200 && body.state === 'settled' ? body : undefined
      }, 30)
      expect(record).toMatchObject({ outcome: 'completed', charged: COST, uncollected: '0' })
    }
    const account = await eventually(async () => {
      const { body } = await proxy.admin('GET', `/accounts/${customer.accountId}`)
      return body.held === '0' ? body : undefined
    }, 30)
    expect(account.posted).toBe(LEFT)
  })

  test('it serves again, and no connection is left behind', async () => {
    const isServed = async () => (await ask()).ok || undefined
    await eventually(isServed, 30)
    await eventually(async () => (await leakedSessions(outage.direct)).length === 0, 30)
  })
})
