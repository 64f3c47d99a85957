import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { expectBroken } from './expect-broken.ts'
import { ask } from './expect-failure.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

/** The first two chunks reach the kernel before the fault, which comes after `delay_ms`. */
const FLUSHED = { sandbox: { delay_ms: 5 } }

const BREAKS = [
  {
    title: 'whose socket is destroyed',
    card: 'sandbox-cut-midstream',
    code: 'upstream_error',
    cause: /other side closed|terminated|ECONNRESET/,
  },
  {
    title: 'with an error event',
    card: 'sandbox-error-midstream',
    code: 'upstream_error',
    cause: /The sandbox failed in the middle/,
  },
  {
    title: 'with an error event that has choices',
    card: 'sandbox-error-choices',
    code: 'upstream_error',
    cause: /The sandbox failed in the middle/,
  },
  {
    title: 'with an SSE field "error:"',
    card: 'sandbox-error-field',
    code: 'upstream_error',
    cause: /The sandbox failed in the middle/,
  },
  {
    title: 'that ends without finish_reason',
    card: 'sandbox-end-without-finish',
    code: 'upstream_incomplete',
    cause: /without a finish_reason/,
  },
]

for (const { title, card, ...expected } of BREAKS) {
  test(`a stream ${title} ends in a typed error, and what was sent is charged`, async () => {
    const body = ask(card, true, FLUSHED)
    const { said } = await expectBroken(proxy, body, { ...expected, outcome: 'upstream_broken' })
    expect(said).toBe('Hello, upstr')
  })
}

test('a stream that breaks after a long answer is charged for all of it', async () => {
  const more = { sandbox: { at_chunk: 70, chunk_chars: 7, delay_ms: 1 } }
  const { record } = await expectBroken(proxy, ask('sandbox-cut-midstream', true, more), {
    code: 'upstream_error',
    outcome: 'upstream_broken',
    cause: /./,
  })
  expect(record.completion_tokens).toBe(123)
})

test('the words of an upstream that fails in the middle of a stream reach the client', async () => {
  const { error } = await expectBroken(proxy, ask('sandbox-error-midstream', true), {
    code: 'upstream_error',
    outcome: 'upstream_broken',
    cause: /./,
  })
  expect(error.message).toBe('The sandbox failed in the middle of its answer.')
})
