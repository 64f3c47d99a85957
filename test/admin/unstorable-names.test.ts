import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientOf, refusal } from './client.ts'
import { type Admin, startAdmin } from './setup.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
beforeAll(async () => {
  admin = await startAdmin({ allowCidrs: ['127.0.0.1'] })
  client = clientOf(admin)
})
afterAll(() => admin.close())

/** What Postgres keeps in no JSON, and what is no name. */
const UNSTORABLE = ['a\0b', 'a\ud800', '']

test.each(UNSTORABLE)('the price of a tool named %j is refused as what it is', async (name) => {
  const price = { provider: 'openai', model: 'any', input: '1', output: '1' }
  const tools = { [name]: '0.01' }
  const refused = await client.post('/prices', { ...price, tools })
  expect(refusal(refused)).toEqual([400, 'invalid_value', 'tools'])
  const hours = [{ from: '01:00', until: '02:00', tools }]
  const refusedHours = await client.post('/prices', { ...price, hours })
  expect(refusal(refusedHours)).toEqual([400, 'invalid_value', 'hours[0].tools'])
})

test.each(UNSTORABLE)('a dropped field named %j is refused as what it is', async (name) => {
  const provider = { base_url: 'http://127.0.0.1:1/v1', profile: { drop_fields: ['seed', name] } }
  const refused = await client.put('/providers/dropping', provider)
  expect(refusal(refused)).toEqual([400, 'invalid_value', 'profile.drop_fields.1'])
})
