import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSecretBox } from '../../src/secrets/secret-box.ts'
import { type Body, clientOf, refusal } from './client.ts'
import { type Admin, ENVIRONMENT, SECRET, startAdmin } from './setup.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
beforeAll(async () => {
  admin = await startAdmin()
  client = clientOf(admin)
})
afterAll(() => admin.close())

const BASE_URL = 'https://api.example.com/v1'
const KEY = 'canary-provider-key-0123456789'
const PLAIN = {
  api: 'openai',
  stream_options: 'send',
  output_limit: 'as_sent',
  auth_header: 'authorization',
  developer_role: 'keep',
  reasoning_tokens: 'included',
  embedding_format: 'as_sent',
  drop_fields: [],
  on_disconnect: 'cancel',
  finish_max_tokens: 16_384,
  finish_max_seconds: 300,
}

/** The key of a provider as its row has it, opened. */
async function storedKey(name: string): Promise<string | null> {
  const [row] = await admin.sql`select api_key from providers where name = ${name}`
  return row?.api_key ? createSecretBox([SECRET]).open(row.api_key) : null
}

describe('a provider', () => {
  it('is made, read and deleted', async () => {
    const provider = {
      name: 'acme',
      base_url: BASE_URL,
      has_key: false,
      profile: PLAIN,
      source: 'database',
    }
    const made = await client.put('/providers/acme', { base_url: BASE_URL })
    expect(made).toEqual({ status: 200, body: provider })
    expect(await client.get('/providers/acme')).toEqual({ status: 200, body: provider })
    expect(await client.delete('/providers/acme')).toEqual({ status: 200, body: provider })
    expect(refusal(await client.get('/providers/acme'))).toEqual([404, 'not_found', null])
    expect(refusal(await client.delete('/providers/acme'))).toEqual([404, 'not_found', null])
  })

  it('never tells its key, only that it has one', async () => {
    const answers = [
      await client.put('/providers/silent', { base_url: BASE_URL, api_key: KEY }),
      await client.get('/providers/silent'),
      await client.get('/providers'),
      await client.put('/providers/silent', { base_url: BASE_URL }),
      await client.delete('/providers/silent'),
    ]
    for (const { status, body } of answers) {
      expect(status).toBe(200)
      const one = body.data?.find(({ name }) => name === 'silent') ?? body
      expect(one).toEqual({
        name: 'silent',
        base_url: BASE_URL,
        has_key: true,
        profile: PLAIN,
        source: 'database',
      })
      expect(JSON.stringify(body)).not.toContain('canary-')
    }
  })

  it('has its key encrypted in the table, and nowhere in clear', async () => {
    await client.put('/providers/sealed', { base_url: BASE_URL, api_key: KEY })
    const [row] = await admin.sql`select p::text as text, api_key from providers p
      where name = 'sealed'`
    expect(row?.text).not.toContain(KEY)
    expect(row?.api_key.includes(KEY)).toBe(false)
    expect(row?.text).not.toContain(Buffer.from(KEY).toString('hex'))
    expect(await storedKey('sealed')).toBe(KEY)
  })

  it('keeps its key when a change leaves it out, and loses it by null', async () => {
    await client.put('/providers/kept', { base_url: BASE_URL, api_key: KEY })
    const moved = await client.put('/providers/kept', { base_url: 'https://eu.example.com/v1' })
    expect(moved.body).toMatchObject({ base_url: 'https://eu.example.com/v1', has_key: true })
    expect(await storedKey('kept')).toBe(KEY)
    const other = { base_url: BASE_URL, api_key: 'canary-provider-key-other' }
    expect((await client.put('/providers/kept', other)).body.has_key).toBe(true)
    expect(await storedKey('kept')).toBe(other.api_key)
    const freed = await client.put('/providers/kept', { base_url: BASE_URL, api_key: null })
    expect(freed.body.has_key).toBe(false)
    expect(await storedKey('kept')).toBeNull()
  })

  it.each([
    ['long', 'a'.repeat(4_096)],
    ['odd', '!"#$%&()*+,-./:;<=>?@[]^_`{|}~'],
  ])('may have a %s key, if it fits a header', async (_, api_key) => {
    await client.put('/providers/keyed', { base_url: BASE_URL, api_key })
    expect(await storedKey('keyed')).toBe(api_key)
  })

  it.each<[string, object, string]>([
    ['no base URL', { api_key: KEY }, 'base_url'],
    ['a base URL of another type', { base_url: 5 }, 'base_url'],
    ['an empty key', { base_url: BASE_URL, api_key: '' }, 'api_key'],
    ['a key that fits no header', { base_url: BASE_URL, api_key: '株式会社' }, 'api_key'],
    ['a key with a line end', { base_url: BASE_URL, api_key: 'a\r\nb: c' }, 'api_key'],
    ['a key with a space', { base_url: BASE_URL, api_key: 'a b' }, 'api_key'],
    ['an endless key', { base_url: BASE_URL, api_key: 'x'.repeat(4_097) }, 'api_key'],
    ['a source', { base_url: BASE_URL, source: 'env' }, 'source'],
  ])('refuses %s, naming the setting', async (_, settings, param) => {
    const answer = await client.put('/providers/bad', settings)
    expect(refusal(answer)).toEqual([400, 'invalid_value', param])
    expect((await client.get('/providers/bad')).status).toBe(404)
  })

  it.each(['a%20b', 'a%2Fb', '%00', '-a', 'x'.repeat(65)])(
    'can not have the name %s',
    async (name) => {
      const answer = await client.put(`/providers/${name}`, { base_url: BASE_URL })
      expect(refusal(answer)).toEqual([400, 'invalid_value', 'name'])
      expect(refusal(await client.get(`/providers/${name}`))).toEqual([404, 'not_found', null])
      expect(refusal(await client.delete(`/providers/${name}`))).toEqual([404, 'not_found', null])
    },
  )

  it('can not take the name of that of the environment', async () => {
    const answer = await client.put(`/providers/${ENVIRONMENT}`, { base_url: BASE_URL })
    expect(refusal(answer)).toEqual([409, 'conflict', null])
    expect(await admin.sql`select 1 from providers where name = ${ENVIRONMENT}`).toHaveLength(0)
  })

  it('of the environment is read, and can not be changed or deleted', async () => {
    const { status, body } = await client.get(`/providers/${ENVIRONMENT}`)
    expect([status, body]).toEqual([
      200,
      {
        name: ENVIRONMENT,
        base_url: 'https://environment.example/v1',
        has_key: true,
        profile: PLAIN,
        source: 'env',
      },
    ])
    const list: Body[] = (await client.pages('/providers?limit=1')).flat()
    expect(list.filter(({ name }) => name === ENVIRONMENT)).toEqual([body])
    const changed = await client.put(`/providers/${ENVIRONMENT}`, { base_url: BASE_URL })
    const deleted = await client.delete(`/providers/${ENVIRONMENT}`)
    for (const answer of [changed, deleted]) {
      expect(refusal(answer)).toEqual([409, 'conflict', null])
      expect(answer.body.error.message).toMatch(/environment.*read-only.*OPENAI_BASE_URL/)
    }
    expect((await client.get(`/providers/${ENVIRONMENT}`)).body).toEqual(body)
    expect(JSON.stringify([body, list, changed, deleted])).not.toContain('canary-')
  })

  it('is deleted once no route leads to it', async () => {
    await client.put('/providers/used', { base_url: BASE_URL })
    await client.put('/models/m', { routes: [{ provider: 'used' }] })
    expect(refusal(await client.delete('/providers/used'))).toEqual([409, 'conflict', null])
    expect((await client.get('/models/m')).body.routes).toHaveLength(1)
    await client.put('/models/m', {})
    expect((await client.delete('/providers/used')).status).toBe(200)
  })
})

describe('the list of providers', () => {
  it('is read to its end through cursors, by name', async () => {
    for (const name of ['p1', 'p2', 'P3', 'p4']) {
      await client.put(`/providers/${name}`, { base_url: BASE_URL })
    }
    const pages: Body[][] = await client.pages('/providers?limit=2')
    const rows = await admin.sql`select name from providers
      union select ${ENVIRONMENT}::text order by name`
    expect(pages.flat().map(({ name }) => name)).toEqual(rows.map(({ name }) => name))
    expect(pages.length).toBe(Math.ceil(rows.length / 2))
  })

  it('refuses a malformed cursor', async () => {
    const answer = await client.get('/providers?cursor=AA')
    expect(refusal(answer)).toEqual([400, 'invalid_value', 'cursor'])
  })
})
