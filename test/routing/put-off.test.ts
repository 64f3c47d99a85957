import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { putModel, putProvider } from './setup.ts'
import { attemptsOf, type Several, startSeveral } from './several.ts'

/** Milliseconds from one promise of an answer to the next. */
const PROMISE_MS = 100

/** Promises an answer again and again, and never gives one. */
const upstream = createServer((_request, response) => {
  const timer = setInterval(() => response.writeProcessing(), PROMISE_MS)
  response.once('close', () => clearInterval(timer))
})

let several: Several
beforeAll(async () => {
  several = await startSeveral({ UPSTREAM_FIRST_BYTE_TIMEOUT_MS: '2000' })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const { port } = upstream.address() as AddressInfo
  await putProvider(several.proxy, 'promises', { url: `http://127.0.0.1:${port}/v1` })
})
afterAll(async () => {
  await several.close()
  upstream.closeAllConnections()
  upstream.close()
})

test.each([true, false])(
  'an upstream that only says that it is about to answer has no more time (stream: %s)',
  async (stream) => {
    await putModel(several.proxy, 'm', [
      { provider: 'promises', priority: 0 },
      { provider: 'beta', priority: 1 },
    ])
    const { status, id } = await several.send('m', { stream })
    expect(status).toBe(200)
    expect(attemptsOf(await several.proxy.settled(id))).toEqual([
      ['promises', null, 'upstream_timeout'],
      ['beta', 200, null],
    ])
  },
)

test('nor has it any more where it is the only route', async () => {
  await putModel(several.proxy, 'lone', [{ provider: 'promises' }])
  const { status, id } = await several.send('lone')
  expect(status).toBe(504)
  expect(await several.proxy.settled(id)).toMatchObject({ outcome: 'timed_out', charged: '0' })
})
