import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { answerAsAsked, startUpstream, type Upstream } from './upstream.ts'

const MIB = 1024 * 1024

let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  upstream = await startUpstream(answerAsAsked)
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  customer = await proxy.customer('1000000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

/** A request of about 5 MB with characters of every width, escapes and exact numbers. */
function bigBody(more: string): string {
  const piece = 'Lorem ipsum € 😀 \\u00e9\\"\\\\ dolor\\n'
  const prompt = piece.repeat(Math.ceil((5 * MIB) / Buffer.byteLength(piece)))
  const rest = `"seed":9007199254740993,\n  "temperature": 1.0${more}`
  return `{ "model":"any", ${rest}, "messages":[{"role":"user","content":"${prompt}"}] }\n`
}

/** Sends a body without its length, in parts that end anywhere. */
async function post(body: string): Promise<string> {
  const call = request(`${proxy.url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${customer.key}`, 'content-type': 'application/json' },
  })
  const answer = new Promise<string>((resolve, reject) => {
    call.once('error', reject)
    call.once('response', (response) => text(response).then(resolve, reject))
  })
  const bytes = Buffer.from(body)
  for (let at = 0; at < bytes.length; at += 99_991) call.write(bytes.subarray(at, at + 99_991))
  call.end()
  return answer
}

function arrived(): Buffer {
  const { body, headers } = upstream.seen.at(-1) as Upstream['seen'][number]
  expect(headers['content-length']).toBe(String(body.length))
  return body
}

test('a prompt of 5 MB reaches the upstream byte for byte', async () => {
  const body = bigBody('')
  expect(await post(body)).toContain('"content":"Hello"')
  expect(arrived().equals(Buffer.from(body))).toBe(true)
})

test('a prompt of 5 MB for a stream gains one member and changes in no other byte', async () => {
  const body = bigBody(', "stream":true')
  expect(await post(body)).toMatch(/data: \[DONE\]\n\n$/)
  const added = '{ "stream_options":{"include_usage":true},'
  expect(arrived().equals(Buffer.from(body.replace('{ ', added)))).toBe(true)
})
