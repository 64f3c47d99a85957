import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { startProxy } from '../harness/proxy.ts'
import { LOOPBACK, putProvider, type Route } from './setup.ts'

const PAGE = new URL('../../docs/routes.md', import.meta.url)

test('the example of docs/routes.md is a model with these routes', async () => {
  const proxy = await startProxy({ env: LOOPBACK })
  const page = await readFile(PAGE, 'utf8')
  const [, path = '', json = ''] = page.match(/^PUT \/admin(\S+)\n(\{[^`]+\})\n```/m) ?? []
  const { routes } = JSON.parse(json) as { routes: Route[] }
  for (const { provider } of routes) await putProvider(proxy, provider, proxy.sandbox)
  const { status, body } = await proxy.admin('PUT', path, { routes })
  expect(status).toBe(200)
  expect(body.routes).toHaveLength(routes.length)
  for (const route of routes) expect(body.routes).toContainEqual(expect.objectContaining(route))
  await proxy.close()
})
