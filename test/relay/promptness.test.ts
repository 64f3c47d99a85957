import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { ASK_STREAM, watch } from './client.ts'
import { DONE, openStream, opens, says, startUpstream, type Upstream } from './upstream.ts'

let upstream: Upstream
let proxy: Tollkeeper
let customer: Customer
let answers: ServerResponse[] = []
beforeAll(async () => {
  upstream = await startUpstream((response) => answers.push(openStream(response)))
  proxy = await startProxy({ env: { OPENAI_BASE_URL: upstream.origin } })
  customer = await proxy.customer('1000')
})
afterAll(async () => {
  await proxy.close()
  await upstream.close()
})

async function begin() {
  answers = []
  const client = watch(proxy, customer.key, ASK_STREAM)
  return { client, answer: await eventually(() => answers[0]) }
}

test('an event leaves when it is complete, although the next has begun', async () => {
  const { client, answer } = await begin()
  const events = [opens('one'), says('two'), says('three')]
  const end = says('', 'stop') + DONE
  const stream = Buffer.from(events.join('') + end)
  let complete = ''
  let sent = 0
  for (const next of events) {
    complete += next
    const intoTheNext = complete.length + 20
    answer.write(stream.subarray(sent, intoTheNext))
    sent = intoTheNext
    await client.until(next) // nothing more comes before it has arrived
    expect(client.body()).toBe(complete)
  }
  answer.end(stream.subarray(sent))
  await client.end()
  expect(client.body()).toBe(complete + end)
})

test('an event that has to be changed leaves as promptly', async () => {
  const { client, answer } = await begin()
  const careless = (text: string) =>
    says(text).replace('"index":0,', '').replace('}\n', ',"usage":null}\n')
  const end = says('', 'stop') + DONE
  let complete = ''
  for (const [begun, word] of ['one', 'two', 'three'].entries()) {
    const half = careless('half').slice(0, 20)
    answer.write(careless(word).slice(begun === 0 ? 0 : half.length) + half)
    complete += begun === 0 ? opens(word) : says(word)
    await client.until(word) // while the next one is not complete
    await eventually(() => client.body().endsWith('\n\n') || undefined)
    expect(client.body()).toBe(complete)
  }
  answer.end(careless('half').slice(20) + end)
  await client.end()
  expect(client.body()).toBe(complete + says('half') + end)
})

test('an event cut inside a character arrives whole', async () => {
  const { client, answer } = await begin()
  const bytes = Buffer.from(opens('a€😀b'))
  for (const [at] of bytes.entries()) {
    answer.write(bytes.subarray(at, at + 1))
    await new Promise(setImmediate)
  }
  await client.until('😀')
  expect(client.body()).toBe(opens('a€😀b'))
  answer.end(says('', 'stop') + DONE)
  await client.end()
})

test('many events in one read arrive in their order', async () => {
  const { client, answer } = await begin()
  const events = Array.from({ length: 3_000 }, (_, n) => (n === 0 ? opens : says)(`${n}`)).join('')
  answer.end(events + says('', 'stop') + DONE)
  await client.end()
  expect(client.body()).toBe(events + says('', 'stop') + DONE)
})
