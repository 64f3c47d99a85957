import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientOf, refusal } from '../admin/client.ts'
import { type Admin, startAdmin } from '../admin/setup.ts'
import { hold, settle, spend } from '../admin/spend.ts'
import { booksOf, type Planting, tamper } from './books.ts'

let admin: Admin
let books: ReturnType<typeof booksOf>
let client: ReturnType<typeof clientOf>
beforeAll(async () => {
  admin = await startAdmin()
  books = booksOf(admin.sql, admin.app.database.audit)
  client = clientOf(admin)
})
afterAll(() => admin.close())

/** An account with a charge and an open hold, frozen by one pass for what was planted. */
async function frozenBy(planting: Planting): Promise<string> {
  const id = await books.account()
  await hold(admin.sql, id, 1_000_000n)
  await spend(admin.sql, id, 1_000n)
  await tamper(admin.sql, id, planting)
  await books.pass()
  expect(await books.statusOf(id)).toBe('frozen')
  return id
}

const lift = (id: string) => client.patch(`/accounts/${id}`, { status: 'active' })

const HISTORY: [string, Planting][] = [
  [
    'a broken chain',
    (sql, id) => sql`update ledger set balance_after = 5 where account_id = ${id} and seq = 1`,
  ],
  ['a lost entry', (sql, id) => sql`delete from ledger where account_id = ${id} and seq = 1`],
  [
    'a balance that is not the sum of its ledger',
    (sql, id) => sql`update accounts set posted = posted + 5 where id = ${id}`,
  ],
  ['a charge without its record', (sql, id) => sql`delete from requests where account_id = ${id}`],
]

test.each(HISTORY)('%s freezes once: lifted, it stays for the full audit', async (_, planting) => {
  const id = await frozenBy(planting)
  const { status, body } = await lift(id)
  expect([status, body.status]).toEqual([200, 'active'])
  expect(await books.keptOf(id)).toEqual([])
  await books.pass()
  await spend(admin.sql, id, 1_000n)
  await books.pass()
  expect(await books.statusOf(id)).toBe('active')
  const full = (await client.get('/audit')).body.violations as { account_id: string }[]
  expect(full.map((one) => one.account_id)).toContain(id)
})

test('held credits that no hold explains freeze again, until they are gone', async () => {
  const id = await frozenBy((sql, account) => {
    return sql`update accounts set held = held + 7 where id = ${account}`
  })
  await lift(id)
  await books.pass()
  expect(await books.statusOf(id)).toBe('frozen')
  expect(await books.keptOf(id)).toEqual(['held_is_open_holds: 1000007, not 1000000'])
  await tamper(admin.sql, id, (sql, account) => {
    return sql`update accounts set held = held - 7 where id = ${account}`
  })
  await books.pass()
  expect(await books.statusOf(id)).toBe('frozen') // nothing but an operator lifts it
  await lift(id)
  await books.pass()
  expect(await books.statusOf(id)).toBe('active')
})

test('what is kept is kept once, however often it is seen', async () => {
  const id = await frozenBy((sql, account) => {
    return sql`update accounts set held = held + 7 where id = ${account}`
  })
  const looks = [...(await books.pass()), ...(await books.pass())]
  expect(looks.flatMap((look) => look.violations)).toEqual([])
  expect(await books.keptOf(id)).toHaveLength(1)
})

test('lifted violations are not deleted', async () => {
  const id = await frozenBy((sql, account) => {
    return sql`update accounts set posted = posted + 5 where id = ${account}`
  })
  await lift(id)
  const rows = await admin.sql`select rule, found_at < lifted_at as in_order from audit_violations
    where account_id = ${id.slice(4)}`
  expect(rows).toEqual([{ rule: 'posted_is_ledger_sum', in_order: true }])
})

test.each(['suspended', 'closed'])(
  'a frozen account that is %s keeps what was found',
  async (status) => {
    const id = await frozenBy((sql, account) => {
      return sql`update accounts set posted = posted + 5 where id = ${account}`
    })
    const changed = await client.patch(`/accounts/${id}`, { status })
    expect(changed.body.status).toBe(status)
    expect(await books.keptOf(id)).toHaveLength(1)
  },
)

test('a frozen account takes grants, adjustments and the settlement of what runs', async () => {
  const id = await frozenBy((sql, account) => {
    return sql`update accounts set posted = posted + 5 where id = ${account}`
  })
  const [open] = await admin.sql`select id from holds where account_id = ${id.slice(4)}`
  await settle(admin.sql, id, { id: open?.id, cost: 1_000_000n })
  const grant = await client.post(`/accounts/${id}/grants`, { credits: '1', reference: 'r' })
  const correction = { credits: '-0.000005', reference: 'r', reason: 'the audit found 5 too many' }
  const adjustment = await client.post(`/accounts/${id}/adjustments`, correction)
  expect([grant.status, adjustment.status]).toEqual([201, 201])
  await books.pass()
  expect((await client.get(`/accounts/${id}`)).body).toMatchObject({
    status: 'frozen',
    posted: '9.999',
    held: '0',
  })
  expect(await books.keptOf(id)).toHaveLength(1) // nothing new
})

test('nobody but the audit freezes', async () => {
  const { id } = await client.account()
  const answer = await client.patch(`/accounts/${id}`, { status: 'frozen' })
  expect(refusal(answer)).toEqual([400, 'invalid_value', 'status'])
})
