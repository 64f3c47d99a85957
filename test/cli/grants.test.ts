import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { cliOf, failure } from './tollkeeper.ts'

let proxy: Tollkeeper
let cli: ReturnType<typeof cliOf>
beforeAll(async () => {
  proxy = await startProxy()
  cli = cliOf(proxy)
  await proxy.admin('POST', '/accounts', { name: 'Ada', external_id: 'ada', credits: '1' })
})
afterAll(() => proxy.close())

const posted = async (name: string): Promise<string> =>
  (await proxy.admin('GET', `/accounts?external_id=${name}`)).body.data[0].posted

test('grant puts credits in, once for a reference', async () => {
  await proxy.admin('POST', '/accounts', { name: 'Once', external_id: 'once' })
  const first = await cli.text('grant once 12.5 --reference invoice-7')
  expect(first).toBe('Granted 12.5 credits to Once, 12.5 available. Reference: invoice-7')
  const second = await cli.text('grant once 12.5 --reference invoice-7')
  expect(second).toMatch(/^Granted before, without a second effect: 12\.5 credits to Once/)
  expect(await posted('once')).toBe('12.5')
})

test('grant makes up a reference and prints it, so that a repeat is safe', async () => {
  await proxy.admin('POST', '/accounts', { name: 'Made', external_id: 'made' })
  const first = await cli.text('grant made 5')
  const [, reference] = first.match(/Reference: (cli-[0-9a-f-]{36})$/) ?? []
  await cli.text(['grant', 'made', '5', '--reference', reference as string])
  expect(await posted('made')).toBe('5')
  await cli.text('grant made 5')
  expect(await posted('made')).toBe('10')
})

test('grant takes its arguments by name too', async () => {
  await proxy.admin('POST', '/accounts', { name: 'Named', external_id: 'named' })
  await cli.text('grant --credits 3 --account named')
  await cli.text('grant named --credits 4')
  expect(await posted('named')).toBe('7')
})

test('grant --json prints exactly the answer of the API', async () => {
  const answer = await cli.json('grant ada 2 --reference json')
  const account = (await proxy.admin('GET', `/accounts/${answer.account.id}`)).body
  expect(answer).toEqual({ account, reference: 'json', credits: '2' })
})

test('grant names the argument or option that the API refuses', async () => {
  expect(await cli.failure('grant ada 0')).toMatch(/^<credits>: .* see "tollkeeper grant --help"$/)
  await cli.text('grant ada 2 --reference taken')
  const other = await cli.failure('grant ada 3 --reference taken')
  expect(other).toMatch(/^--reference: This reference was used with other credits/)
})

test('grant tells the reference when the answer is lost, for nobody knows its effect', async () => {
  const account = { id: 'acc_01900000-0000-7000-8000-000000000000' }
  const lossy = createServer((request, response) => {
    if (request.method === 'POST') request.socket.destroy()
    else response.end(JSON.stringify({ data: [account], next: null }))
  })
  await new Promise<void>((resolve) => lossy.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(lossy.address() as AddressInfo).port}`
  const said = failure(await cliOf({ origin }).run('grant ada 5'))
  expect(said).toMatch(/may have taken effect: repeat it with --reference cli-[0-9a-f-]{36}$/)
  lossy.closeAllConnections()
  await new Promise((resolve) => lossy.close(resolve))
})
