import { expect, test } from 'vitest'
import { startProxy } from '../harness/proxy.ts'
import { cliOf, tableOf } from './tollkeeper.ts'

test('audit says that the books add up, or where they do not, with exit code 1', async () => {
  const proxy = await startProxy()
  const cli = cliOf(proxy)
  const { accountId } = await proxy.customer('10')
  expect(await cli.text('audit')).toBe('The books add up: 1 account checked.')
  expect(await cli.json('audit')).toEqual({ ok: true, checked: 1, violations: [] })

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
  expect(JSON.parse(json.stdout)).toEqual((await proxy.admin('GET', '/audit')).body)
  await proxy.close()
})
