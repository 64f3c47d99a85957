import type postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AUDIT_PACE } from '../../src/credit/auditor.ts'
import { clientOf, NOBODY } from './client.ts'
import { type Admin, startAdmin } from './setup.ts'
import { hold, spend, uuidOf } from './spend.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
beforeAll(async () => {
  admin = await startAdmin()
  client = clientOf(admin)
})
afterAll(() => admin.close())

type Planting = (sql: postgres.ReservedSql, account: string, request: string) => Promise<unknown>

/** An account with a grant of 10, a charge of 1, an open hold of 2 and a charge of 3. */
async function busyAccount(): Promise<{ id: string; request: string }> {
  const { id } = await client.account({ credits: '10' })
  const request = await spend(admin.sql, id, 1_000_000n)
  await hold(admin.sql, id, 2_000_000n)
  await spend(admin.sql, id, 3_000_000n)
  return { id, request }
}

/** Writes past the triggers that guard the ledger. */
async function plant(planting: Planting, id: string, request: string): Promise<void> {
  const session = await admin.sql.reserve()
  try {
    await session`set session_replication_role = replica`
    await planting(session, uuidOf(id), request)
  } finally {
    await session`set session_replication_role = origin`
    session.release()
  }
}

async function violationsOf(account: string): Promise<string[]> {
  const { body } = await client.get('/audit')
  const violations = body.violations as { account_id: string; rule: string; detail: string }[]
  return violations
    .filter(({ account_id }) => account_id === account)
    .map(({ rule, detail }) => `${rule}: ${detail}`)
    .sort()
}

describe('the audit', () => {
  it('finds nothing wrong with what the ledger functions wrote', async () => {
    await busyAccount()
    await client.account()
    expect(await client.get('/audit')).toEqual({
      status: 200,
      body: {
        ok: true,
        checked: 2,
        violations: [],
        background: { last_pass_at: null, accounts: 0, frozen: [] },
      },
    })
  })

  it('finds nothing wrong while requests run', async () => {
    const { id } = await client.account({ credits: '10' })
    const work = Promise.all(Array.from({ length: 20 }, () => spend(admin.sql, id, 1n)))
    for (let i = 0; i < 5; i += 1) expect((await client.get('/audit')).body.ok).toBe(true)
    await work
  })

  it.each<[string, Planting, (request: string) => string[]]>([
    [
      'a balance that is not the sum of the ledger',
      (sql, id) => sql`update accounts set posted = posted + 1 where id = ${id}`,
      () => ['posted_is_ledger_sum: posted is 6.000001, the ledger sums up to 6'],
    ],
    [
      'held credits that no open hold explains',
      (sql, id) => sql`update accounts set held = 0 where id = ${id}`,
      () => ['held_is_open_holds: held is 0, the open holds sum up to 2'],
    ],
    [
      'a counter beyond the ledger',
      (sql, id) => sql`update accounts set seq = 4 where id = ${id}`,
      () => ['seq_without_gap: seq is 4, the ledger has 3 entries up to 3'],
    ],
    [
      'a gap in the ledger',
      (sql, id) => sql`update ledger set seq = 5 where account_id = ${id} and seq = 3`,
      () => ['seq_without_gap: seq is 3, the ledger has 3 entries up to 5'],
    ],
    [
      'a deleted entry',
      (sql, id) => sql`delete from ledger where account_id = ${id} and seq = 2`,
      (request) => [
        'balance_after_chains: entry 3: balance_after is 6 instead of 7',
        'posted_is_ledger_sum: posted is 6, the ledger sums up to 7',
        `record_is_charged: request ${request}: the record says 1, the ledger took nothing`,
        'seq_without_gap: seq is 3, the ledger has 2 entries up to 3',
      ],
    ],
    [
      'a changed balance after an entry',
      (sql, id) =>
        sql`update ledger set balance_after = 8000000 where account_id = ${id} and seq = 2`,
      () => [
        'balance_after_chains: entry 2: balance_after is 8 instead of 9',
        'balance_after_chains: entry 3: balance_after is 6 instead of 5',
      ],
    ],
    [
      'a first entry that does not start at nothing',
      (sql, id) =>
        sql`update ledger set balance_after = balance_after + 1 where account_id = ${id}`,
      () => ['balance_after_chains: entry 1: balance_after is 10.000001 instead of 10'],
    ],
    [
      'a changed amount of a charge',
      (sql, id) => sql`update ledger set amount = -1500000 where account_id = ${id} and seq = 2`,
      (request) => [
        'balance_after_chains: entry 2: balance_after is 9 instead of 8.5',
        `charge_is_recorded: request ${request}: the ledger took 1.5, the record says 1`,
        'posted_is_ledger_sum: posted is 6, the ledger sums up to 5.5',
      ],
    ],
    [
      'a charge without a record',
      (sql, _, request) => sql`delete from requests where id = ${request}`,
      (request) => [
        `charge_is_recorded: request ${request}: the ledger took 1, the record says nothing`,
      ],
    ],
    [
      'a record that says another charge',
      (sql, _, request) => sql`update requests set charged = 0 where id = ${request}`,
      (request) => [`charge_is_recorded: request ${request}: the ledger took 1, the record says 0`],
    ],
    [
      'a charge taken twice, though everything else adds up',
      async (sql, id, request) => {
        await sql`insert into ledger (account_id, seq, kind, amount, balance_after, request_id)
          values (${id}, 4, 'charge', -1000000, 5000000, ${request})`
        await sql`update accounts set seq = 4, posted = 5000000 where id = ${id}`
      },
      (request) => [`charge_is_recorded: request ${request}: the ledger took 2, the record says 1`],
    ],
    [
      'a charge of one account for the request of another',
      (sql, _, request) =>
        sql`update requests set account_id = gen_random_uuid() where id = ${request}`,
      (request) => [
        `charge_is_recorded: request ${request}: the ledger took 1, the record says nothing`,
      ],
    ],
  ])('finds %s', async (_, planting, expected) => {
    const { id, request } = await busyAccount()
    await plant(planting, id, request)
    expect(await violationsOf(id)).toEqual(expected(request))
    expect((await client.get('/audit')).body.ok).toBe(false)
  })

  it('finds more held than posted', async () => {
    await admin.sql`alter table accounts drop constraint accounts_no_overdraft`
    const { id, request } = await busyAccount()
    await plant(
      (sql, account) => sql`update accounts set held = 7000000 where id = ${account}`,
      id,
      request,
    )
    expect(await violationsOf(id)).toEqual([
      'available_not_negative: available is -1',
      'held_is_open_holds: held is 7, the open holds sum up to 2',
    ])
  })

  it('finds entries and holds of no account', async () => {
    const planting: Planting = async (sql) => {
      await sql`insert into ledger (account_id, seq, kind, amount, balance_after)
        values (${NOBODY}, 1, 'grant', 5000000, 5000000)`
      await sql`insert into holds (id, account_id, key_id, instance_id, amount, terms)
        values (gen_random_uuid(), ${NOBODY}, ${NOBODY}, ${NOBODY}, 1000000, '{}')`
    }
    await plant(planting, NOBODY, '')
    expect(await violationsOf(`acc_${NOBODY}`)).toEqual([
      'held_is_open_holds: held is 0, the open holds sum up to 1',
      'posted_is_ledger_sum: posted is 0, the ledger sums up to 5',
      'seq_without_gap: seq is 0, the ledger has 1 entries up to 1',
    ])
  })

  it('counts exactly beyond what a double holds', async () => {
    const { id } = await client.account({ credits: '999999999999.999999' })
    await plant(
      (sql, account) => sql`update accounts set posted = posted - 1 where id = ${account}`,
      id,
      '',
    )
    expect(await violationsOf(id)).toEqual([
      'posted_is_ledger_sum: posted is 999999999999.999998, ' +
        'the ledger sums up to 999999999999.999999',
    ])
  })

  it('tells of the last pass of the background audit, and of what it keeps', async () => {
    const [good, wrong] = [await busyAccount(), await busyAccount()]
    await plant((sql, id) => sql`update accounts set held = 0 where id = ${id}`, wrong.id, '')
    const { audit } = admin.app.database
    const bounds = { ...AUDIT_PACE, accountsMax: 1_000, sweepMs: 0, passMs: 0 }
    await audit.submit({ accounts: null, bounds })
    const { body } = await client.get('/audit')
    expect(body.background).toMatchObject({ accounts: body.checked })
    const { last_pass_at, frozen } = body.background as {
      last_pass_at: string
      frozen: { account_id: string }[]
    }
    expect(Date.now() - Date.parse(last_pass_at)).toBeLessThan(60_000)
    const detail = 'held is 0, the open holds sum up to 2'
    expect(frozen.find(({ account_id }) => account_id === wrong.id)).toEqual({
      account_id: wrong.id,
      status: 'frozen',
      violations: [{ rule: 'held_is_open_holds', detail, found_at: expect.any(String) }],
    })
    expect(frozen.map(({ account_id }) => account_id)).not.toContain(good.id)
  })

  it('takes no parameters', async () => {
    expect((await client.get('/audit?limit=1')).status).toBe(400)
  })

  it('names at most 1,000 violations', async () => {
    const { id } = await client.account({ credits: '1' })
    const planting: Planting = (sql, account) =>
      sql`insert into ledger (account_id, seq, kind, amount, balance_after)
        select ${account}::uuid, n, 'grant', 1, 0 from generate_series(2, 1500) n`
    await plant(planting, id, '')
    expect((await client.get('/audit')).body.violations).toHaveLength(1_000)
  })
})
