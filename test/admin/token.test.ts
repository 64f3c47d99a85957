import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Admin, startAdmin } from './setup.ts'

let admin: Admin
beforeAll(async () => {
  admin = await startAdmin()
})
afterAll(() => admin.close())

const get = (url: string, authorization?: string) =>
  admin.app.inject({ method: 'GET', url, headers: authorization ? { authorization } : {} })

describe('the admin token', () => {
  it('opens the admin API, whatever the case of the scheme', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      expect((await get('/admin/tiers', `${scheme} ${admin.token}`)).statusCode).toBe(200)
    }
  })

  it.each([
    ['missing', undefined],
    ['empty', 'Bearer '],
    ['wrong', 'Bearer not the token'],
    ['the beginning of the right one', 'Bearer a token for'],
    ['sent with another scheme', 'Basic a token for the admin tests'],
    ['sent without a scheme', 'a token for the admin tests'],
  ])('is refused when it is %s', async (_, authorization) => {
    const answer = await get('/admin/tiers', authorization)
    expect(answer.statusCode).toBe(401)
    expect(answer.json().error.code).toBe('invalid_api_key')
    expect(answer.body).not.toContain(admin.token)
  })

  it.each([
    '/admin/accounts',
    '/admin/accounts/acc_x',
    '/admin/accounts/acc_x/keys',
    '/admin/accounts/acc_x/ledger',
    '/admin/tiers/default',
    '/admin/models',
    '/admin/models/a/b:c',
    '/admin/prices',
    '/admin/requests',
    '/admin/requests/x',
    '/admin/audit',
  ])('is needed for %s', async (url) => {
    expect((await get(url)).statusCode).toBe(401)
  })

  it('is looked at before the body', async () => {
    const answer = await admin.app.inject({ method: 'POST', url: '/admin/accounts', payload: '{' })
    expect(answer.statusCode).toBe(401)
  })
})
