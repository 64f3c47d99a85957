import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { baseOf, KEY, startHospital } from '../doctor/patient.ts'
import type { Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ADMIN_TOKEN } from '../harness/secrets.ts'
import { cliOf } from './tollkeeper.ts'

let proxy: Tollkeeper
let cli: ReturnType<typeof cliOf>
beforeAll(async () => {
  proxy = await startHospital()
  cli = cliOf(proxy)
})
afterAll(() => proxy.close())

test('doctor prints what was seen and what follows, aligned and no wider than a screen', async () => {
  const base = baseOf(proxy, 'rejects-stream-options')
  const lines = (await cli.text(`doctor ${base} --model a-model`)).split('\n')
  expect(lines[0]).toBe(`${base} can be used: 2 quirks, 0 faults`)
  expect(lines[1]).toMatch(/^9 calls in \d+ ms, asked for a-model$/)
  const at = lines.findIndex((line) => line.startsWith('quirk'))
  expect(lines[at]).toMatch(
    /^quirk {2}stream options {2}answered 400: Invalid value for 'stream_op/,
  )
  const text = lines[at]?.indexOf('answered') as number
  const follows = lines.findIndex((line) => line.includes('The profile takes care of it'))
  expect(lines[follows]).toMatch(new RegExp(`^ {${text}}-> The profile`))
  for (const line of lines.filter((one) => !one.includes('http:'))) {
    expect(line.length).toBeLessThanOrEqual(100)
  }
  expect(lines.at(-1)).toBe('To make it a provider, or to change one, add --save <name>.')
})

test('doctor of a healthy upstream, or of handled quirks, ends with 0, and of faults with 1', async () => {
  expect((await cli.run('doctor openai')).code).toBe(0)
  expect((await cli.run(['doctor', baseOf(proxy, 'usage-never'), '--model', 'm'])).code).toBe(0)
  const faulty = await cli.run(['doctor', baseOf(proxy, 'ignores-limits'), '--model', 'm'])
  expect(faulty.code).toBe(1)
  expect(faulty.stdout).toMatch(/^fault +output limit /m)
  expect(faulty.stderr).toMatch(/^tollkeeper: .* has 1 fault: docs\/doctor.md explains them\.\n$/)
})

test('doctor --json prints what the API answers', async () => {
  const base = baseOf(proxy, 'no-done')
  const { findings, duration_ms, ...printed } = await cli.json(`doctor ${base} --model m`)
  const { body } = await proxy.admin('POST', '/doctor', { base_url: base, model: 'm' })
  expect(printed).toEqual({ ...body, findings: undefined, duration_ms: undefined })
  const quirks = (all: { quirk: string }[]) => all.map(({ quirk }) => quirk)
  expect(quirks(findings)).toEqual(quirks(body.findings))
  expect(duration_ms).toBeTypeOf('number')
})

test('doctor --save makes the provider with the base URL, key and profile that work', async () => {
  const args = `doctor ${baseOf(proxy, 'several')} --api-key - --model m --save acme`
  const output = await cli.text(args, { input: `${KEY}\n` })
  expect(output).not.toContain(KEY)
  expect(output).toMatch(/^Saved as acme\. Next:\n {2}tollkeeper model set .* --route acme:m\n/m)
  const { body } = await proxy.admin('GET', '/providers/acme')
  expect(body).toMatchObject({
    base_url: baseOf(proxy, 'several', ''),
    has_key: true,
    profile: { auth_header: 'api-key', stream_options: 'omit', developer_role: 'system' },
  })
})

test('doctor of a provider that is stored saves what changed, and leaves the rest', async () => {
  const profile = { embedding_format: 'float', stream_options: 'omit' }
  const settings = { base_url: baseOf(proxy, 'none', ''), api_key: KEY, profile }
  await proxy.admin('PUT', '/providers/stored', settings)
  await cli.text('doctor stored --model m --save stored')
  const { body } = await proxy.admin('GET', '/providers/stored')
  expect(body).toMatchObject({
    base_url: baseOf(proxy, 'none'),
    has_key: true,
    profile: { embedding_format: 'float', stream_options: 'send' },
  })
})

test('doctor says what it costs before it starts, to who is at a terminal', async () => {
  const notes: string[] = []
  const env = { TOLLKEEPER_URL: proxy.origin, ADMIN_TOKEN }
  const readStdin = async () => ''
  const note = (text: string) => notes.push(text)
  await run(['doctor', 'openai'], { env, now: new Date(), readStdin, note })
  expect(notes).toEqual(['Asking openai: at most 10 chat completions, 400 output tokens in all.'])
})

test('doctor saves nothing that can not be used', async () => {
  const failed = await cli.run(['doctor', baseOf(proxy, 'gateway-down'), '--save', 'broken'])
  expect(failed.code).toBe(1)
  expect(failed.stdout).toContain('Nothing was saved.')
  expect((await proxy.admin('GET', '/providers/broken')).status).toBe(404)
})

test('doctor of what is no upstream says so in one line', async () => {
  expect(await cli.failure('doctor nobody')).toBe(
    'There is no such provider; see "tollkeeper doctor --help"',
  )
  expect(await cli.failure('doctor http://10.0.0.1/v1')).toMatch(/^.*base_url leads to an address/)
  const keyless = await cli.run('doctor openai --save other')
  expect([keyless.code, keyless.stderr]).toEqual([
    2,
    expect.stringMatching(/^tollkeeper: --api-key is missing/),
  ])
})
