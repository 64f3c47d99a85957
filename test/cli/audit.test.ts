import { expect, test } from 'vitest'
import { eventually, startProxy } from '../harness/proxy.ts'
import { cliOf, tableOf } from './tollkeeper.ts'

test('audit says that the books add up, or where they do not, with exit code 1', async () => {
  const proxy = await startProxy()
  const cli = cliOf(proxy)
  const { accountId } = await proxy.customer('10')
  expect(await cli.text('audit')).toBe('The books add up: 1 account checked.')
  expect(await cli.json('audit')).toMatchObject({ ok: true, checked: 1, violations: [] })

  await proxy.sql`update accounts set posted = posted + 1`
  const { stdout, stderr, code } = await cli.run('audit')
  expect(code).toBe(1)
  expect(tableOf(stdout.trim()).slice(0, 2)).toEqual([
    ['account', 'rule', 'detail'],
    [accountId, expect.any(String), expect.any(String)],
  ])
  expect(stdout).toContain('posted_is_ledger_sum')
  expect(stderr).toMatch(/^tollkeeper: The books do not add up, \d violations? in 1 account: .*\n$/)
  const json = await cli.run('audit --json')
  expect(json.code).toBe(1)
  const { background: _, ...found } = JSON.parse(json.stdout)
  expect((await proxy.admin('GET', '/audit')).body).toMatchObject(found)
  await proxy.close()
})

test('audit and account show name what is frozen, and since when, until it is lifted', async () => {
  const proxy = await startProxy({ auditPace: { turnMs: 20, sweepMs: 0, passMs: 0 } })
  const cli = cliOf(proxy)
  const { accountId } = await proxy.customer('10')
  const setHeld = (micro: number) => proxy.sql`update accounts set held = ${micro}`
  await setHeld(5)
  await eventually(async () => {
    const { body } = await proxy.admin('GET', `/accounts/${accountId}`)
    return body.status === 'frozen' || undefined
  })
  await setHeld(0)
  const reason =
    /^ *\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}held_is_open_holds: held is 0\.000005, the open/m
  const { stdout, stderr, code } = await cli.run('audit')
  expect([stdout.split('\n')[1], code]).toEqual([`${accountId} is frozen:`, 1])
  expect(stdout).toMatch(reason)
  expect(stderr).toBe(
    'tollkeeper: 1 account to look at: docs/operations.md says how to lift a freeze.\n',
  )
  const shown = await cli.text(`account show ${accountId}`)
  expect(shown).toMatch(/^status +frozen$/m)
  expect(shown).toMatch(reason)
  expect(await cli.text('account list --status frozen')).toContain(accountId)
  await cli.text(`account set ${accountId} --status active`)
  expect(await cli.text('audit')).toBe('The books add up: 1 account checked.')
  await proxy.close()
})
