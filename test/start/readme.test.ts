import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cliOf } from '../cli/tollkeeper.ts'
import { type Customer, startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { LOOPBACK } from '../routing/setup.ts'

const PAGES = ['README.md', 'docs/prices.md']

const read = (page: string) => readFile(new URL(`../../${page}`, import.meta.url), 'utf8')

let proxy: Tollkeeper
let customer: Customer
beforeAll(async () => {
  proxy = await startProxy({ env: LOOPBACK })
  customer = await proxy.customer('50')
})
afterAll(() => proxy.close())

test('the body that the README sends streams to its end', async () => {
  const body = (await read('README.md')).match(/-d '(.+?)'/)?.[1] as string
  const response = await proxy.chat(customer.key, JSON.parse(body))
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
})

test.each(PAGES)('every command of %s does what it says', async (page) => {
  const cli = cliOf(proxy)
  const response = await proxy.chat(customer.key, { model: 'sandbox-echo', messages: [] })
  const id = response.headers.get('x-request-id') as string
  await response.text()
  await proxy.settled(id)
  const found = (await read(page)).matchAll(/^npm run cli -- (.+?)(?: < .+)?$/gm)
  const commands = [...found].map(([, line]) => line)
  expect(commands.length).toBeGreaterThan(1)
  for (const line of commands as string[]) {
    const command = line
      .replace('https://api.example.com/v1', proxy.sandbox.url)
      .replace('<x-request-id>', id)
    const { code, stdout, stderr } = await cli.run(command, { input: 'a-key\n' })
    expect({ code, stderr }, command).toEqual({ code: 0, stderr: '' })
    expect(stdout, command).not.toBe('')
  }
})
