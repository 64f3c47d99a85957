import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import {
  type Customer,
  eventually,
  startProxy,
  type Proxy as Tollkeeper,
} from '../harness/proxy.ts'
import { scrape } from '../metrics/scrape.ts'

const PACE = { turnMs: 20, lookAfterMs: 0, sweepMs: 0, passMs: 0 }

const BODY = { model: 'sandbox-echo', messages: [{ role: 'user', content: 'Hello there' }] }

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy({ auditPace: PACE })
})
afterAll(() => proxy.close())

/** Adds 5 micro-credits that no ledger entry explains, and waits until the account is frozen. */
async function freeze({ accountId }: Customer): Promise<any> {
  const id = accountId.slice('acc_'.length)
  await eventually(async () => {
    const [mark] = await proxy.sql`select posted from audit_marks where account_id = ${id}`
    return mark
  })
  await proxy.sql`update accounts set posted = posted + 5 where id = ${id}`
  return eventually(async () => {
    const { body } = await proxy.admin('GET', `/accounts/${accountId}`)
    return body.status === 'frozen' ? body : undefined
  })
}

const VIOLATION = {
  rule: 'posted_is_ledger_sum',
  detail: 'posted is 100.000005, the ledger sums up to 100',
}
const KEPT = { ...VIOLATION, found_at: expect.any(String) }

test('a frozen account tells its operator why', async () => {
  const customer = await proxy.customer('100')
  expect(await freeze(customer)).toMatchObject({ status: 'frozen', violations: [KEPT] })
  const account_id = customer.accountId
  const { body } = await proxy.admin('GET', '/audit')
  const listed = { account_id, status: 'frozen', violations: [KEPT] }
  expect(body.background.frozen).toContainEqual(listed)
  const frozen = await proxy.admin('GET', '/accounts?status=frozen')
  expect(frozen.body.data.map((one: { id: string }) => one.id)).toContain(account_id)
  const lines = await eventually(() => {
    const ofIt = proxy.logs.filter((line) => line.account_id === account_id && line.level === 50)
    return ofIt.length > 1 ? ofIt : undefined
  })
  expect(lines).toMatchObject([VIOLATION, { msg: expect.stringMatching(/frozen/) }])
  const metrics = await scrape(proxy)
  const { rule } = VIOLATION
  expect(metrics.sum('tollkeeper_audit_violations_total', { rule })).toBeGreaterThan(0)
  expect(metrics.sum('tollkeeper_audit_violations_total', { rule: 'held_is_open_holds' })).toBe(0)
  expect(metrics.sum('tollkeeper_audit_accounts_total')).toBeGreaterThan(0)
})

test('a frozen account is refused with a code of its own, until it is lifted', async () => {
  const customer = await proxy.customer('100')
  const { accountId, key } = customer
  await freeze(customer)
  const refused = await eventually(async () => {
    const response = await proxy.chat(key, BODY)
    return response.status === 200 ? undefined : response
  })
  const { requestId } = await expectError(refused, { status: 403, code: 'account_frozen' })
  const story = await proxy.settled(requestId)
  expect(story).toMatchObject({ outcome: 'refused', error: { code: 'account_frozen' } })
  const lifted = await proxy.admin('PATCH', `/accounts/${accountId}`, { status: 'active' })
  expect(lifted.body.status).toBe('active')
  const served = await eventually(async () => {
    const response = await proxy.chat(key, BODY)
    return response.status === 200 ? response : undefined
  })
  await served.text()
  expect((await proxy.admin('GET', `/accounts/${accountId}`)).body).not.toHaveProperty('violations')
})

test('a request that runs when its account is frozen is served and settled', async () => {
  const customer = await proxy.customer('100')
  proxy.sandbox.hold()
  const answering = proxy.chat(customer.key, {
    ...BODY,
    stream: true,
    sandbox: { reply_chars: 24_000 }, // more than its first hold covers
  })
  await eventually(() => proxy.sandbox.waiting() === 1)
  await freeze(customer)
  proxy.sandbox.release()
  const response = await answering
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  const story = await proxy.settled(response.headers.get('x-request-id') as string)
  expect(story.outcome).toBe('completed')
  const { body } = await proxy.admin('GET', `/accounts/${customer.accountId}`)
  expect(body).toMatchObject({ status: 'frozen', held: '0' })
  expect(body.violations).toHaveLength(1) // settling it broke no other rule
})

test('the audit tells of its last pass', async () => {
  const before = new Date()
  const { body } = await eventually(async () => {
    const answer = await proxy.admin('GET', '/audit')
    return new Date(answer.body.background.last_pass_at) > before ? answer : undefined
  })
  expect(body.background.accounts).toBe(body.checked)
})

test('an account that is frozen after its key was looked up gets no hold', async () => {
  const { accountId, key } = await proxy.customer('100')
  const session = await proxy.sql.reserve()
  await session`set session_replication_role = replica` // nobody is told: the key stays cached
  const setStatus = (status: string) =>
    session`update accounts set status = ${status} where id = ${accountId.slice(4)}`
  await eventually(async () => {
    await setStatus('active')
    await (await proxy.chat(key, BODY)).text()
    await setStatus('frozen')
    const response = await proxy.chat(key, BODY)
    const { requestId } = await expectError(response, { status: 403, code: 'account_frozen' })
    return (await proxy.settled(requestId)).stage === 'credit' || undefined
  })
  await session`set session_replication_role = origin`
  session.release()
})
