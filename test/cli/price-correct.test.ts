import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { cliOf, misuse, recordOf } from './tollkeeper.ts'

let proxy: Tollkeeper
let cli: ReturnType<typeof cliOf>
beforeAll(async () => {
  proxy = await startProxy()
  cli = cliOf(proxy)
})
afterAll(() => proxy.close())

const words = (text: string, reason: string) => [...text.split(' '), '--reason', reason]

test('price correct reports first, and with --apply gives back what was too much', async () => {
  const { accountId, key } = await proxy.customer('10')
  const messages = [{ role: 'user', content: 'Hello there' }]
  const response = await proxy.chat(key, { model: 'sandbox-echo', messages })
  await response.text()
  const id = response.headers.get('x-request-id') as string
  await proxy.settled(id) // 6 tokens at the fallback rate: 0.06
  await cli.text('price set openai sandbox-echo --input 1 --output 4 --from 2026-01-01')
  const command = 'price correct openai sandbox-echo --from 2026-01-01'

  const report = await cli.text(command)
  expect(report).toMatch(/^Nothing has changed\. With --apply:\nrequests +1\n/)
  const [totals, accounts] = report.split('\n\n') as [string, string]
  expect(recordOf(totals)).toMatchObject({
    ...{ accounts: '1', charged: '0.06', 'right cost': '0.015', 'given back': '0.045' },
    ...{ taken: '0', uncollected: '0', 'left alone': '0', 'markup of now': '0' },
  })
  expect(accounts).toContain(accountId)

  const applied = words(`${command} --apply --reference memo-7`, 'the price was a typo')
  expect(await cli.text(applied)).toMatch(/^Corrected\. Reference: memo-7\nrequests +1\n/)
  expect(await cli.text(applied)).toMatch(/^Corrected\. Reference: memo-7\nrequests +1\n/)
  expect((await proxy.admin('GET', `/accounts/${accountId}`)).body.posted).toBe('9.985')
  expect(await cli.text(`request show ${id}`)).toMatch(
    /^ +repriced +by 0\.045 \(memo-7\): the price was a typo$/m,
  )
  const receipt = await fetch(`${proxy.url}/generation?id=${id}`, {
    headers: { authorization: `Bearer ${key}` },
  })
  const { data } = (await receipt.json()) as { data: object }
  expect(data).toMatchObject({ charged: '0.06', adjusted: '0.045' })
  expect(JSON.stringify(data)).not.toContain('typo') // the reason is the operator's
})

test('price correct that loses its answer names the times to repeat it with', async () => {
  const correct = 'price correct openai m --from 24h --to 1h --apply --reference r'
  const nobody = ['--url', 'http://127.0.0.1:9']
  expect(await cli.failure([...words(correct, 'why'), ...nobody])).toMatch(
    /repeat it with --from [0-9T:.-]+Z --to [0-9T:.-]+Z, and it goes on\.$/,
  )
})

test('price correct names what is missing', async () => {
  expect(misuse(await cli.run('price correct openai m'))).toMatch(/^--from <time> is missing/)
  const nameless = 'price correct openai m --from yesterday --apply'
  expect(await cli.failure(nameless)).toMatch(/^--reference: reference is required; see "toll/)
  expect(misuse(await cli.run(`${nameless} --apply`))).toMatch(/^--apply is there twice/)
  expect(misuse(await cli.run(`${nameless}=yes`))).toMatch(/^The option --apply takes no value/)
})
