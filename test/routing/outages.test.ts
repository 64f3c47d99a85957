import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts'
import { freePort } from '../harness/free-port.ts'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { LOOPBACK, putModel, putPrice, putProvider, say } from './setup.ts'

const NAMES = ['north', 'east', 'south'] as const
/** USD for a million tokens, in and out. */
const PRICES = { north: 10, east: 20, south: 40 }

/** Requests in flight, and between one trouble and the next. */
const USERS = 12
const BETWEEN = 60

/** Seconds all of it may take: a stream on a route that hangs is given up after 10. */
const ENOUGH_S = 60

let proxy: Tollkeeper
let customer: Customer
const upstreams = {} as Record<(typeof NAMES)[number], Sandbox>
beforeAll(async () => {
  proxy = await startProxy({ env: LOOPBACK })
  for (const name of NAMES) {
    upstreams[name] = await startSandbox({ port: await freePort() }) // one dies, and is back there
    await putProvider(proxy, name, upstreams[name])
    const usd = String(PRICES[name])
    await putPrice(proxy, name, 'echo', { input: usd, output: usd })
  }
  const routes = NAMES.map((provider) => ({ provider, upstream_model: 'echo' }))
  await putModel(proxy, 'everywhere', routes)
  customer = await proxy.customer('1000000')
})
afterAll(async () => {
  await proxy.close()
  await Promise.all(Object.values(upstreams).map((upstream) => upstream.close()))
})

type Answer = { id: string; status: number; text: string; stream: boolean; sentAt: number }

async function send(stream: boolean): Promise<Answer> {
  const sentAt = performance.now()
  const sandbox = { reply_chars: 80, prompt_tokens: 9, delay_ms: 5 }
  const response = await proxy.chat(customer.key, say('everywhere', { stream, sandbox }))
  const text = await response.text()
  return {
    id: response.headers.get('x-request-id') as string,
    status: response.status,
    text,
    stream,
    sentAt,
  }
}

test(
  'while upstreams die, hang and refuse nobody notices, and each pays what answered him',
  async () => {
    const answers: Answer[] = []
    let isOver = false
    const use = async (user: number) => {
      while (!isOver) answers.push(await send(user % 2 === 0))
    }
    const users = Array.from({ length: USERS }, (_, user) => use(user))
    const more = (count = BETWEEN) => {
      const wanted = answers.length + count
      return eventually(() => answers.length >= wanted || undefined, ENOUGH_S)
    }
    await more()
    const diedAt = performance.now()
    await upstreams.north.close()
    await more()
    upstreams.north = await startSandbox({ port: Number(new URL(upstreams.north.url).port) })
    upstreams.south.limit()
    await more()
    upstreams.south.unlimit()
    upstreams.east.hold()
    await more()
    upstreams.east.release()
    await more()
    isOver = true
    await Promise.all(users)

    const isWhole = ({ status, text, stream }: Answer) =>
      status === 200 && (!stream || text.endsWith('data: [DONE]\n\n'))
    const failed = answers.filter((answer) => !isWhole(answer))
    // a stream that had begun when its upstream died can not change over
    const cut = failed.filter(({ text, sentAt }) => text.startsWith('data: ') && sentAt < diedAt)
    expect(failed).toEqual(cut)
    expect(cut.length).toBeLessThan(USERS)
    await eventually(async () => (await proxy.sql`select from holds`).length === 0)
    const rows = await proxy.sql<{ id: string; provider: keyof typeof PRICES; charged: string }[]>`
    select r.id, r.provider, -sum(l.amount)::bigint as charged from requests r
    join ledger l on l.request_id = r.id group by r.id, r.provider`
    expect(rows.length).toBeGreaterThanOrEqual(answers.length - cut.length)
    // 9 tokens of prompt and 20 of answer; a USD is 1,000 credits of 1,000,000 micro-credits
    for (const { id, provider, charged } of rows) {
      if (cut.some((answer) => answer.id === id)) continue
      expect([provider, Number(charged)]).toEqual([provider, 29 * PRICES[provider] * 1_000])
    }
  },
  ENOUGH_S * 1_000,
)
