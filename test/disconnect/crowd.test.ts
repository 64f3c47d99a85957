import { afterAll, beforeAll, expect, test } from 'vitest'
import { creditsOf } from '../endpoints/run.ts'
import { eventually, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask } from '../idempotency/setup.ts'
import { LOOPBACK } from '../routing/setup.ts'
import { putPolicy } from './setup.ts'

const CLIENTS = 100
/** For the holds of all of them. */
const CREDITS = '100000'
const LONG = { timeout: 120_000 }

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ env: LOOPBACK })
  await putPolicy(proxy, 'finish', { on_disconnect: 'finish' })
})
afterAll(() => proxy.close())

/** Times that a client was found gone, and its answer read on. */
const gone = () =>
  proxy.logs.filter((line) => line.stage === 'finish' && line.msg === 'stage').length

test.each([
  ['streams', true],
  ['answers in one piece', false],
])(
  '100 %s whose clients hang up at once are all finished, paid and let go',
  LONG,
  async (_, stream) => {
    const { key, accountId } = await proxy.customer(CREDITS)
    const leaving = new AbortController()
    const before = gone()
    proxy.sandbox.clear()
    proxy.sandbox.hold()
    const body = ask('finish', stream, { reply_chars: 400 })
    const calls = Array.from({ length: CLIENTS }, () =>
      proxy.chat(key, body, { signal: leaving.signal }).catch(() => {}),
    )
    await eventually(() => proxy.sandbox.waiting() === CLIENTS || undefined, 60)
    leaving.abort()
    await Promise.all(calls)
    await eventually(() => gone() === before + CLIENTS || undefined, 60)
    expect(proxy.app.door.size).toBe(CLIENTS)
    proxy.sandbox.release()
    await eventually(() => proxy.app.door.size === 0 || undefined, 60)
    await eventually(() => proxy.sandbox.open() === 0 || undefined)
    expect([...proxy.sandbox.calls.values()].filter(({ finished }) => finished)).toHaveLength(
      CLIENTS,
    )
    expect(proxy.app.buffers.taken).toBe(0)
    const truth = [...proxy.sandbox.calls.values()].reduce(
      (sum, call) => sum + call.promptTokens + call.completionTokens,
      0,
    )
    const account = await eventually(async () => {
      const found = await proxy.admin('GET', `/accounts/${accountId}`)
      return found.body.held === '0' ? found.body : undefined
    })
    expect(Number(account.posted)).toBeCloseTo(Number(CREDITS) - Number(creditsOf(truth)), 6)
    expect((await proxy.admin('GET', '/audit')).body).toMatchObject({ ok: true, violations: [] })
  },
)
