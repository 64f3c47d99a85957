import { afterAll, beforeAll, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { sendRaw } from './raw-request.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

/** Between the 10 s that a head may take, and the 30 s after which Node looks by itself. */
const WITHIN_MS = 27_000

test.concurrent.for([
  ['nothing', ''],
  ['half a head', 'POST /v1/chat/completions HTTP/1.1\r\nhost: tollkeeper\r\n'],
] as const)('a client that sends %s is told so, and disconnected', async ([, sent]) => {
  const late = AbortSignal.timeout(WITHIN_MS)
  const answer = await Promise.race([sendRaw(proxy, sent), never(late)])
  await expectError(answer, {
    status: 408,
    code: 'request_timeout',
    type: 'invalid_request_error',
    param: null,
  })
})

function never(late: AbortSignal): Promise<never> {
  return new Promise((_, reject) => late.addEventListener('abort', () => reject(late.reason)))
}
