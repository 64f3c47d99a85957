import { expect, test } from 'vitest'
import { formatCredits } from '../../src/domain/credits.ts'
import { eventually, startProxy } from '../harness/proxy.ts'
import { nothingHeld } from './burst.ts'
import { readStream } from './read-stream.ts'
import { balanceOf, setModel } from './setup.ts'

const STREAMS = 50
const SAID = 'Say something short.'
const PROMPT_TOKENS = SAID.length / 4

test('5 USD run 50 streams of a dear model at once, whatever it could write at most', async () => {
  const proxy = await startProxy()
  const model = 'dear'
  await setModel(proxy, model, { input: '3', output: '15', maxOutputTokens: 128_000 })
  const customer = await proxy.customer('5000')
  const messages = [{ role: 'user', content: SAID }]
  proxy.sandbox.hold()
  const answers = Array.from({ length: STREAMS }, () =>
    proxy.chat(customer.key, { model, stream: true, messages }),
  )
  await eventually(() => proxy.sandbox.waiting() === STREAMS || undefined)
  proxy.sandbox.release()
  for (const response of await Promise.all(answers)) {
    expect(await readStream(response)).toMatchObject({
      status: 200,
      text: SAID,
      kinds: ['text', 'finish', 'done'],
    })
  }
  await nothingHeld(proxy, customer)
  // 3 and 15 USD per million tokens are 3,000 and 15,000 micro-credits a token
  const cost = BigInt(STREAMS * PROMPT_TOKENS) * 18_000n
  const { posted } = await balanceOf(proxy, customer.accountId)
  expect(posted).toBe(formatCredits(5_000_000_000n - cost))
  await proxy.close()
})
