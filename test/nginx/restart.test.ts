import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { badOf, startLoad } from './load.ts'
import { hasNginx } from './nginx.ts'
import { type Pair, startPair } from './pair.ts'

const CLIENTS = 16

describe.runIf(hasNginx())('two instances behind nginx', () => {
  let pair: Pair
  let customer: { key: string; accountId: string }
  beforeAll(async () => {
    pair = await startPair()
    customer = await pair.instances[0].customer('100000')
  })
  afterAll(() => pair.close())

  test('are restarted one after the other under load, and no request is broken or refused', async () => {
    const load = startLoad(pair.url, customer.key, CLIENTS)
    for (const index of [0, 1] as const) {
      const old = pair.instances[index]
      await eventually(() => served(old) > CLIENTS || undefined)
      await old.app.drain(30_000)
      await eventually(() => old.sandbox.open() > 0 || undefined) // the load goes on, at the other
      await eventually(() => refused(old) > 0 || undefined) // and came by here
      await old.close()
      await pair.replace(index)
      await eventually(() => served(pair.instances[index]) > 0 || undefined) // nginx noticed
    }
    await load.stop()

    expect(load.broken).toEqual([])
    expect(badOf(load.answers)).toEqual([])
    expect(pair.sandbox.calls.size).toBe(load.answers.length) // each was executed once
    expect([...pair.sandbox.calls.values()].filter(({ closedByPeer }) => closedByPeer)).toEqual([])
  })

  test('have charged each of those requests once', async () => {
    const admin = pair.instances[0].admin
    const posted = await eventually(async () => {
      const { body } = await admin('GET', `/accounts/${customer.accountId}`)
      return body.held === '0' ? body.posted : undefined
    })
    const tokens = [...pair.sandbox.calls.values()].reduce(
      (sum, call) => sum + call.promptTokens + call.completionTokens,
      0,
    )
    expect(Number(posted)).toBeCloseTo(100_000 - tokens / 100, 6) // 10 credits per 1,000 tokens
    expect((await admin('GET', '/audit')).body).toMatchObject({ ok: true })
  })

  const served = ({ logs }: Tollkeeper) => logs.filter(({ status }) => status === 200).length
  const refused = ({ logs }: Tollkeeper) => logs.filter(({ status }) => status === 503).length
})
