import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { logSchemaPage } from '../../docs/generate-log-schema.ts'
import { eventually, type LogLine } from '../harness/proxy.ts'
import { ADMIN_TOKEN, PROMPT_CANARY, SECRETS } from '../harness/secrets.ts'
import { type Ending, Endings } from './endings.ts'
import { faultsOf, parseLines } from './lines.ts'
import { type Server, startServer } from './server.ts'

/** One request of each ending there is, sent to a real process. */
async function everyEnding(server: Server, endings: Endings): Promise<void> {
  const key = await server.key('1000')
  const hanging = endings.held(key, 'sandbox-hang', 'timed_out', 'upstream_timeout')
  await eventually(() => server.sandbox.calls.size === 2)
  await endings.held(key, 'sandbox-echo', 'completed', null)
  await endings.held(key, 'sandbox-no-usage', 'completed', null)
  await endings.held(key, 'sandbox-error-500', 'upstream_error', 'upstream_error')
  await endings.held(key, 'sandbox-error-leak', 'upstream_error', 'upstream_rejected')
  await endings.held(key, 'sandbox-error-in-200', 'upstream_error', 'upstream_error')
  await endings.brokenStream(key, 'sandbox-cut-midstream', 'upstream_error')
  await endings.brokenStream(key, 'sandbox-end-without-finish', 'upstream_incomplete')
  await endings.hangUpMidstream(await server.key('60')) // a stream holds 42
  await endings.hangUpEarly(key)
  await server.admin('PUT', '/tiers/small', { hold_output_tokens: 32, models: ['sandbox-echo'] })
  const poor = await server.key('2', 'small')
  await endings.outOfCredits(poor)
  await refusals(server, endings, key, poor)
  for (const path of ['/v1/models', '/v1/credits']) await endings.free(path, key)
  await endings.free('/healthz', key)
  await endings.free('/admin/tiers', ADMIN_TOKEN)
  await hanging
}

async function refusals(server: Server, endings: Endings, key: string, poor: string) {
  const ask = { model: 'sandbox-echo', messages: [{ role: 'user', content: PROMPT_CANARY }] }
  await endings.refused('missing_api_key', '/v1/models')
  await endings.refusedChat('invalid_api_key', `canary-${key}`, ask)
  await endings.refusedChat('invalid_api_key', 'tk_canary', ask)
  await endings.refusedChat('insufficient_quota', await server.key('0.01'), ask)
  await endings.refusedChat('model_not_allowed', poor, { ...ask, model: 'another' })
  await endings.refusedChat('invalid_json', key, `${PROMPT_CANARY} {"model":`)
  await endings.refusedChat('invalid_json', key, `{"model":"m", ${PROMPT_CANARY}}`)
  await endings.refusedChat('missing_required_parameter', key, { messages: ask.messages })
  await endings.refusedChat('invalid_value', key, { ...ask, max_tokens: PROMPT_CANARY })
  await endings.refusedChat('request_too_large', key, PROMPT_CANARY.repeat(10_000))
  await endings.refusedChat('unsupported_media_type', key, ask, 'text/plain')
  await endings.refused('method_not_supported', '/v1/chat/completions', {
    method: 'DELETE',
    headers: { 'api-key': key },
  })
  await endings.refused('unknown_url', '/nowhere')
  await endings.refused('invalid_api_key', '/admin/tiers', {
    headers: { authorization: 'Bearer canary-not-the-token' },
  })
  const [account] = await server.sql<{ id: string }[]>`
    update accounts set status = 'suspended' where tier = 'small' returning id`
  expect(account).toBeDefined()
  await eventually(async () => (await endings.chat(poor, 'sandbox-echo', false)).status === 403)
  await endings.refusedChat('account_suspended', poor, ask)
  await endings.notHttp()
}

/** Refused while Postgres lets nobody in. */
async function withoutPostgres(server: Server, endings: Endings, key: string): Promise<void> {
  const operator = postgres(inject('postgresUrl'), { max: 1 })
  const name = server.sql.options.database
  await operator.unsafe(`alter database ${name} with allow_connections false`)
  await operator`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
  const response = await endings.chat(key, 'sandbox-echo', false)
  endings.note(response, 'refused', 'ledger_unavailable')
  await operator.unsafe(`alter database ${name} with allow_connections true`)
  await operator.end()
  await eventually(async () => (await endings.chat(key, 'sandbox-echo', false)).ok || undefined, 20)
}

/** Cut off, and refused, by a process that is told to stop. */
async function whileStopping(server: Server, endings: Endings, key: string): Promise<void> {
  const cut = await endings.chat(key, 'sandbox-hang-midstream', true)
  server.child.kill('SIGTERM')
  const refused = await eventually(async () => {
    const response = await endings.chat(key, 'sandbox-echo', false)
    return response.status === 503 ? response : undefined
  })
  endings.note(refused, 'refused', 'shutting_down')
  await cut.text()
  endings.note(cut, 'shutting_down', 'shutting_down')
}

describe('the log of a process that saw every ending', () => {
  let text = ''
  let all: Ending[]
  const lineOf = ({ id }: Ending): LogLine | undefined =>
    parseLines(text).find(({ request_id, msg }) => request_id === id && msg === 'request')

  let server: Server
  let folder: string
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollkeeper-lines-'))
    const file = join(folder, 'log')
    server = await startServer(`> ${file}`)
    const endings = new Endings(server)
    all = endings.all
    await everyEnding(server, endings)
    const key = await server.key('1000')
    await withoutPostgres(server, endings, key)
    const exit = once(server.child, 'exit')
    await whileStopping(server, endings, key)
    await exit
    text = await readFile(file, 'utf8')
  })

  test('has one canonical line for each request, with its outcome and code', () => {
    const lines = parseLines(text).filter(({ msg }) => msg === 'request')
    expect(all.length).toBeGreaterThan(35)
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    expect(new Set(lines.map(({ request_id }) => request_id)).size).toBe(lines.length)
    for (const ending of all) {
      const { outcome, error } = (lineOf(ending) ?? {}) as { outcome?: string; error?: any }
      expect([ending.id, outcome, error?.code ?? null]).toEqual([
        ending.id,
        ending.outcome,
        ending.code,
      ])
    }
  })

  test('has canonical lines that all fit the published schema', () => {
    const lines = parseLines(text).filter(({ msg }) => msg === 'request')
    expect(faultsOf(lines)).toEqual([])
    expect(faultsOf([{ ...(lines[0] as LogLine), prompt: 'a field more' }])).toHaveLength(1)
  })

  test('names the account of what was refused after the key was known', () => {
    const refused = all.filter(({ code }) => code === 'insufficient_quota').map(lineOf)
    expect(refused).toHaveLength(2)
    for (const line of refused) expect(line).toMatchObject({ account_id: /^acc_/, key_id: /^key_/ })
  })

  test('has no prompt, answer, key or header in any line', () => {
    const leaks = text.split('\n').filter((line) => SECRETS.some((secret) => secret.test(line)))
    expect(leaks).toEqual([])
  })
})

test('docs/log-schema.json is what `node docs/generate-log-schema.ts` writes', async () => {
  const file = new URL('../../docs/log-schema.json', import.meta.url)
  expect(await readFile(file, 'utf8')).toBe(logSchemaPage())
})
