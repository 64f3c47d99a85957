import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatCredits } from '../../src/domain/credits.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask } from '../idempotency/setup.ts'
import { setSlice, TOKEN } from '../money/setup.ts'
import { LOOPBACK } from '../routing/setup.ts'
import { fateOf, leaveMidway, putPolicy } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ env: LOOPBACK })
  await setSlice(proxy, 32)
  await putPolicy(proxy, 'finish', { on_disconnect: 'finish' })
})
afterAll(() => proxy.close())

/** Looks at the balance of an account as often as it can, until it is told to stop. */
function watchAvailable(accountId: string) {
  const id = accountId.replace('acc_', '')
  let isOver = false
  let least = 0n
  const watching = (async () => {
    while (!isOver) {
      const [row] = await proxy.sql<{ available: string }[]>`
        select posted - held as available from accounts where id = ${id}`
      const available = BigInt(row?.available ?? 0)
      if (available < least) least = available
    }
    return least
  })()
  return () => {
    isOver = true
    return watching
  }
}

test('an answer that is read on takes slices, and is cut when its account is dry', async () => {
  const credits = formatCredits(120n * TOKEN)
  const { key, accountId } = await proxy.customer(credits)
  const leastAvailable = watchAvailable(accountId)
  const body = ask('finish', true, { reply_chars: 4_000, delay_ms: 3 })
  const id = await leaveMidway(proxy, key, '/chat/completions', body, '"content":"')
  const { record, call, charged } = await fateOf(proxy, id)
  expect(await leastAvailable()).toBe(0n)
  expect(record).toMatchObject({ outcome: 'client_gone', stage: 'finish', uncollected: '0' })
  expect(record.error.code).toBe('insufficient_quota')
  expect(record.slices).toBeGreaterThan(0)
  expect(record.completion_tokens).toBeGreaterThan(64)
  expect(call).toMatchObject({ closedByPeer: true, finished: false })
  const { body: account } = await proxy.admin('GET', `/accounts/${accountId}`)
  expect(account.held).toBe('0')
  expect(Number(account.posted)).toBeCloseTo(Number(credits) - charged, 6)
  expect((await proxy.admin('GET', '/audit')).body).toMatchObject({ ok: true })
})
