import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventually, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { hasNginx } from './nginx.ts'
import { type Answer, ask, type Call, type Pair, post, startPair } from './pair.ts'

/** `fail_timeout` of deploy/nginx.conf. */
const LEFT_OUT_MS = 2_000

describe.runIf(hasNginx())('a POST through nginx', () => {
  let pair: Pair
  let key: string
  beforeEach(async () => {
    pair = await startPair()
    key = (await pair.instances[0].customer('1000')).key
  })
  afterEach(() => pair.close())

  /** A call that hangs at each instance: nginx gives them out in turn. */
  async function hangAtBoth(): Promise<[Call, Call]> {
    const calls: [Call, Call] = [hang(), hang()]
    await eventually(() => pair.sandbox.open() === 2 || undefined)
    return calls
  }
  const hang = () => post(pair.url, key, ask('sandbox-hang', false))

  const codeOf = ({ text }: Answer) => JSON.parse(text).error.code

  test('whose instance dies is answered 502, and is not executed by the other one', async () => {
    const calls = await hangAtBoth()
    pair.instances[0].app.server.closeAllConnections()
    const broken = await Promise.race(calls.map(({ answer }) => answer))
    expect([broken.status, codeOf(broken)]).toEqual([502, 'bad_gateway'])
    expect(pair.sandbox.calls.size).toBe(2)
    for (const { hangUp } of calls) hangUp()
  })

  test('cut at the end of a drain is not executed by the other instance', async () => {
    const calls = await hangAtBoth()
    await pair.instances[0].app.drain(1)
    const cut = await Promise.race(calls.map(({ answer }) => answer))
    expect([cut.status, codeOf(cut)]).toEqual([500, 'shutting_down'])
    expect(pair.sandbox.calls.size).toBe(2)
    for (const { hangUp } of calls) hangUp()
  })

  test('refused by a draining instance is executed by the other, once', async () => {
    const [draining, other] = pair.instances
    await draining.app.drain(1)
    const since = performance.now()
    for (let n = 1; n <= 12; n += 1) {
      const { status } = await post(pair.url, key, ask('sandbox-echo', n % 2 === 0)).answer
      expect(status).toBe(200)
      expect(pair.sandbox.calls.size).toBe(n)
    }
    const timesLeftOut = 1 + Math.floor((performance.now() - since) / LEFT_OUT_MS)
    expect(refusals(draining).length).toBeGreaterThan(0)
    expect(refusals(draining).length).toBeLessThanOrEqual(timesLeftOut)
    expect(refusals(other)).toHaveLength(0)
  })

  test('refused by both instances hears why, however often it comes again', async () => {
    await Promise.all(pair.instances.map(({ app }) => app.drain(1)))
    for (let n = 0; n < 4; n += 1) {
      const refused = await post(pair.url, key, ask('sandbox-echo', true)).answer
      expect([refused.status, codeOf(refused)]).toEqual([503, 'shutting_down'])
      expect(refused.headers).toMatchObject({ 'retry-after': '1' })
    }
    expect(await pair.nginx.unanswered()).toEqual([])
  })

  test('that no instance could read is sent to the one that is up', async () => {
    await pair.instances[0].app.close()
    for (let n = 1; n <= 4; n += 1) {
      expect((await post(pair.url, key, ask('sandbox-echo', false)).answer).status).toBe(200)
      expect(pair.sandbox.calls.size).toBe(n)
    }
  })

  test.each(['drains', 'is closed'])(
    'finds an instance that is back while the other %s',
    async (how) => {
      await pair.instances[1].app.drain(1)
      for (const _ of pair.instances) await post(pair.url, key, ask('sandbox-echo', false)).answer
      await pair.instances[1].close() // nginx leaves it out for some seconds more
      await pair.replace(1)
      if (how === 'drains') await pair.instances[0].app.drain(1)
      else await pair.instances[0].app.close()
      for (let n = 0; n < 6; n += 1) {
        expect((await post(pair.url, key, ask('sandbox-echo', false)).answer).status).toBe(200)
      }
    },
  )

  const refusals = ({ logs }: Tollkeeper) =>
    logs.filter(({ error }) => (error as { code?: string } | null)?.code === 'shutting_down')
})
