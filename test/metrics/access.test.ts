import { expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { startProxy } from '../harness/proxy.ts'
import { ADMIN_TOKEN } from '../harness/secrets.ts'
import { scrape } from './scrape.ts'

test('metrics are read with the admin token, and with nothing else', async () => {
  const proxy = await startProxy()
  const { key } = await proxy.customer('1')
  const basic = Buffer.from(`admin:${ADMIN_TOKEN}`).toString('base64')
  for (const authorization of [undefined, 'Bearer wrong', `Bearer ${key}`, `Basic ${basic}`]) {
    const headers = authorization === undefined ? {} : { authorization }
    const response = await fetch(`${proxy.origin}/metrics`, { headers })
    await expectError(response, { status: 401, code: 'invalid_api_key' })
  }
  expect((await scrape(proxy)).samples.length).toBeGreaterThan(0)
  await proxy.close()
})

test('without an admin token there are no metrics, and the app serves all the same', async () => {
  const proxy = await startProxy({ env: { ADMIN_TOKEN: 'off' } })
  for (const authorization of ['Bearer off', `Bearer ${ADMIN_TOKEN}`]) {
    const response = await fetch(`${proxy.origin}/metrics`, { headers: { authorization } })
    await expectError(response, { status: 404, code: 'unknown_url' })
  }
  expect((await fetch(`${proxy.origin}/healthz`)).status).toBe(200)
  await proxy.close()
})
