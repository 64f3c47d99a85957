import { afterAll, beforeAll, expect, test } from 'vitest'
import { cliOf } from '../cli/tollkeeper.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ask } from '../idempotency/setup.ts'
import { LOOPBACK } from '../routing/setup.ts'
import { fateOf, leaveMidway, putPolicy } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ env: LOOPBACK })
})
afterAll(() => proxy.close())

const base_url = 'https://api.example.com/v1'

test.each([
  ['on_disconnect', 'drain'],
  ['on_disconnect', null],
  ['finish_max_tokens', 0],
  ['finish_max_tokens', '100'],
  ['finish_max_tokens', 2_147_483_648],
  ['finish_max_seconds', 0],
  ['finish_max_seconds', 1.5],
  ['finish_max_seconds', 3_601],
])('a profile whose %s is %j is refused by the name of the field', async (field, value) => {
  const settings = { base_url, profile: { [field]: value } }
  const { status, body } = await proxy.admin('PUT', '/providers/bad', settings)
  expect([status, body.error.param]).toEqual([400, `profile.${field}`])
})

test('provider set changes the policy and its bounds, and keeps what is not named', async () => {
  const cli = cliOf(proxy)
  await cli.text(`provider set acme --base-url ${base_url} --on-disconnect finish`)
  const bounds = '--finish-max-tokens 500 --finish-max-seconds 60'
  const { profile } = await cli.json(`provider set acme ${bounds}`)
  expect(profile).toMatchObject({
    on_disconnect: 'finish',
    finish_max_tokens: 500,
    finish_max_seconds: 60,
  })
  const said = await cli.failure('provider set acme --finish-max-seconds 3601')
  expect(said).toMatch(/^--finish-max-seconds: /)
})

test('the doctor leaves the policy of a provider alone where it saw no reason to change it', async () => {
  const cli = cliOf(proxy)
  const { url } = proxy.sandbox
  await cli.text(`provider set kept --base-url ${url} --on-disconnect finish`)
  const { profile } = await cli.json(`doctor ${url} --model sandbox-echo --save kept`)
  expect(profile).not.toHaveProperty('on_disconnect')
  expect((await cli.json('provider show kept')).profile.on_disconnect).toBe('finish')
})

test('request show tells that an answer was read to its end', async () => {
  const model = await putPolicy(proxy, 'told', { on_disconnect: 'finish' })
  const { key } = await proxy.customer('1000')
  const body = ask(model, true, { reply_chars: 80, delay_ms: 20 })
  const id = await leaveMidway(proxy, key, '/chat/completions', body, '"content":"')
  await fateOf(proxy, id)
  const story = await cliOf(proxy).text(`request show ${id}`)
  expect(story).toMatch(/left by its client, and read to its end after \d+ ms/)
  expect(story).toMatch(/ answer \d+ ms · finish \d+ ms · ended \d+ ms/)
})

test('the upstream of the environment is stopped when its client hangs up', async () => {
  const { key } = await proxy.customer('1000')
  const body = ask('sandbox-slow', true)
  const { record, call } = await fateOf(
    proxy,
    await leaveMidway(proxy, key, '/chat/completions', body, '"content":"'),
  )
  expect(record).toMatchObject({ outcome: 'client_gone', stage: 'answer' })
  expect(call.closedByPeer).toBe(true)
})

test('a policy that is changed is that of the next hang-up', async () => {
  const { key } = await proxy.customer('1000')
  for (const on_disconnect of ['finish', 'cancel', 'finish'] as const) {
    await putPolicy(proxy, 'changing', { on_disconnect })
    const body = ask('changing', true, { reply_chars: 80, delay_ms: 20 })
    const id = await leaveMidway(proxy, key, '/chat/completions', body, '"content":"')
    const { record, call } = await fateOf(proxy, id)
    expect(record.stage).toBe(on_disconnect === 'finish' ? 'ended' : 'answer')
    expect(call.finished).toBe(on_disconnect === 'finish')
  }
})
