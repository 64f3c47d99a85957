import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectError } from '../harness/error-answer.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ADMIN_TOKEN } from '../harness/secrets.ts'

const basic = (password: string) => `Basic ${Buffer.from(`me:${password}`).toString('base64')}`

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
})
afterAll(() => proxy.close())

const get = (path: string, authorization?: string) =>
  fetch(`${proxy.origin}${path}`, authorization ? { headers: { authorization } } : {})

test('the reference opens with the admin token, as a bearer token or as a password', async () => {
  for (const authorization of [`Bearer ${ADMIN_TOKEN}`, basic(ADMIN_TOKEN)]) {
    for (const path of ['/docs', '/docs/', '/docs/json', '/docs/static/swagger-ui.css']) {
      expect((await get(path, authorization)).status, path).toBe(200)
    }
  }
})

test('the page of the reference loads nothing but what is there, and from here alone', async () => {
  for (const path of ['/docs', '/docs/']) {
    const page = await get(path, basic(ADMIN_TOKEN))
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
    const links = [...(await page.text()).matchAll(/(?:src|href)="([^"]*)"/g)]
    expect(links.length).toBeGreaterThan(4)
    for (const [, link = ''] of links) {
      const { pathname, origin } = new URL(link, `${proxy.origin}${path}`)
      expect(origin).toBe(proxy.origin)
      expect((await get(pathname, basic(ADMIN_TOKEN))).status, link).toBe(200)
    }
  }
})

test('without the admin token the reference stays shut, and a browser asks for it', async () => {
  const { key } = await proxy.customer('1')
  const wrong = [undefined, 'Bearer wrong', `Bearer ${key}`, basic('wrong'), basic(''), 'Basic ?']
  for (const path of ['/docs', '/docs/json', '/docs/yaml', '/docs/static/swagger-ui.css']) {
    for (const authorization of wrong) {
      const response = await get(path, authorization)
      expect(response.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
      await expectError(response, { status: 401, code: 'invalid_api_key' })
    }
  }
})

test('the password of a browser opens the reference, and not the admin API', async () => {
  const response = await get('/admin/accounts', basic(ADMIN_TOKEN))
  await expectError(response, { status: 401, code: 'invalid_api_key' })
})

test('without an admin token there is no reference', async () => {
  const off = await startProxy({ env: { ADMIN_TOKEN: 'off' } })
  for (const path of ['/docs', '/docs/json', '/docs/static/swagger-ui.css']) {
    const response = await fetch(off.origin + path, { headers: { authorization: 'Bearer off' } })
    await expectError(response, { status: 404, code: 'unknown_url' })
  }
  await off.close()
})
