import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { cliOf, misuse } from './tollkeeper.ts'

let proxy: Tollkeeper
let cli: ReturnType<typeof cliOf>
beforeAll(async () => {
  proxy = await startProxy()
  cli = cliOf(proxy)
})
afterAll(() => proxy.close())

async function account(name: string): Promise<string> {
  const { body } = await proxy.admin('POST', '/accounts', {
    name,
    external_id: name,
    credits: '10',
  })
  return body.id
}

const words = (text: string, reason: string) => [...text.split(' '), '--reason', reason]

test('adjust puts credits in or takes them away, once for a reference', async () => {
  await account('ada')
  const taken = words('adjust ada -2.5 --reference t-1', 'granted twice')
  expect(await cli.text(taken)).toBe('Adjusted ada by -2.5 credits, 7.5 available. Reference: t-1')
  expect(await cli.text(taken)).toBe(
    'Adjusted before, without a second effect: ada by -2.5 credits, 7.5 available. Reference: t-1',
  )
  await cli.text(words('adjust --account=ada --credits 1 --reference t-2', 'sorry'))
  await cli.text(words('adjust --account=ada --credits -1 --reference t-3', 'not so sorry'))
  const { body } = await proxy.admin('GET', '/accounts?external_id=ada')
  expect(body.data[0].posted).toBe('7.5')
})

test('adjust corrects a request, and its story tells of it', async () => {
  const { accountId, key } = await proxy.customer('10')
  const messages = [{ role: 'user', content: 'Hello there' }]
  const response = await proxy.chat(key, { model: 'sandbox-echo', messages })
  await response.text()
  const id = response.headers.get('x-request-id') as string
  await proxy.settled(id)
  await cli.text(words(`adjust ${accountId} 0.06 --reference t-1 --request ${id}`, 'it was slow'))
  expect(await cli.text(`request show ${id}`)).toMatch(
    /^ +adjusted +by 0\.06 \(t-1\): it was slow$/m,
  )
  const receipt = await fetch(`${proxy.url}/generation?id=${id}`, {
    headers: { authorization: `Bearer ${key}` },
  })
  const { data } = (await receipt.json()) as { data: object }
  expect(data).toMatchObject({ charged: '0.06', adjusted: '0.06' })
  expect(JSON.stringify(data)).not.toContain('slow') // the reason is the operator's
})

test('adjust says what is available when it takes more, and names what the API refuses', async () => {
  await account('grace')
  const taken = words('adjust grace -10.5 --reference t-1', 'all of it')
  expect(await cli.failure(taken)).toMatch(
    /^<credits>: No more than the 10 credits available can be taken; see "toll/,
  )
  const unknown = words('adjust grace 1 --reference t-1 --request nobody', 'why')
  expect(await cli.failure(unknown)).toMatch(/^--request: request_id is not the id of a request/)
})

test('adjust wants a reference and a reason', async () => {
  expect(misuse(await cli.run('adjust ada 1 --reason why'))).toMatch(
    /^--reference <text> is missing/,
  )
  expect(misuse(await cli.run('adjust ada 1 --reference t'))).toMatch(/^--reason <text> is missing/)
})
