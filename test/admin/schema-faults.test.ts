import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientOf } from './client.ts'
import { type Admin, startAdmin } from './setup.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
let account: string
beforeAll(async () => {
  admin = await startAdmin()
  client = clientOf(admin)
  account = (await client.account()).id
})
afterAll(() => admin.close())

const WRONG: [fields: object, code: string, param: string | null, message: string][] = [
  [{ name: 7 }, 'invalid_value', 'name', 'name must be a string, or null.'],
  [{ modells: [] }, 'invalid_value', 'modells', 'There is no parameter "modells".'],
  [{ models: 'fast' }, 'invalid_value', 'models', 'models must be a list, or null.'],
  [{ models: [7] }, 'invalid_value', 'models.0', 'models.0 must be a string, or null.'],
  [
    { concurrency: 1.5 },
    'invalid_value',
    'concurrency',
    'concurrency must be a whole number, or null.',
  ],
  [{ concurrency: 0 }, 'invalid_value', 'concurrency', 'concurrency must be >= 1, or null.'],
  [
    { expires_at: 'tomorrow' },
    'invalid_value',
    'expires_at',
    'expires_at must be a time such as 2026-12-01T09:30:00Z, or null.',
  ],
  [
    { spend_limit: '5', spend_period: 'week' },
    'invalid_value',
    'spend_period',
    'spend_period must be one of day, month, total, or null.',
  ],
]

test.each(WRONG)('a key with %j is refused: what its field must be', async (...wrong) => {
  const [fields, code, param, message] = wrong
  const { status, body } = await client.post(`/accounts/${account}/keys`, fields)
  expect(status).toBe(400)
  expect(body.error).toEqual({ code, param, message, type: 'invalid_request_error' })
})

test('a field that is left out is named as missing, as on every endpoint', async () => {
  const { status, body } = await client.post(`/accounts/${account}/grants`, { credits: '5' })
  expect(status).toBe(400)
  expect(body.error).toMatchObject({
    code: 'missing_required_parameter',
    param: 'reference',
    message: 'The required parameter "reference" is missing.',
  })
})

test('a body of the admin API that is no object has no field at fault', async () => {
  const { body } = await client.post('/accounts', [])
  const message = 'The body must be an object.'
  expect(body.error).toMatchObject({ code: 'invalid_value', param: null, message })
})

test('a field of the query is told of like one of a body', async () => {
  const { body } = await client.get('/requests?outcome=lost')
  expect(body.error).toMatchObject({ code: 'invalid_value', param: 'outcome' })
  expect(body.error.message).toMatch(/^outcome must be one of completed, client_gone, /)
})
