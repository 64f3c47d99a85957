import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ADMIN_TOKEN } from '../harness/secrets.ts'
import { failure, misuse, runCli } from './tollkeeper.ts'

let proxy: Tollkeeper
let dataDir: string
beforeAll(async () => {
  proxy = await startProxy()
  dataDir = await mkdtemp(join(tmpdir(), 'tollkeeper-cli-'))
  await writeFile(join(dataDir, 'admin-token'), `${ADMIN_TOKEN}\n`, { mode: 0o600 })
})
afterAll(async () => {
  await rm(dataDir, { recursive: true })
  await proxy.close()
})

const list = (env: Record<string, string>, ...args: string[]) =>
  runCli(['tier', 'list', ...args], { env, cwd: dataDir })

test('on the machine of the server the port and the token file are enough', async () => {
  const { port } = new URL(proxy.origin)
  const { stdout, code } = await list({ PORT: port, DATA_DIR: dataDir })
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^default /m) })
})

test('--url goes before TOLLKEEPER_URL, and that before the port', async () => {
  const elsewhere = { PORT: '1', TOLLKEEPER_URL: 'http://127.0.0.1:2', ADMIN_TOKEN }
  expect((await list(elsewhere, '--url', `${proxy.origin}/`)).code).toBe(0)
  expect((await list(elsewhere, '--url', proxy.url)).code).toBe(0) // ends in /v1
  expect((await list({ ...elsewhere, TOLLKEEPER_URL: proxy.origin })).code).toBe(0)
  expect(failure(await list(elsewhere))).toContain('http://127.0.0.1:2 ')
  expect(failure(await list({ PORT: '1', ADMIN_TOKEN }))).toContain('http://127.0.0.1:1 ')
})

test('ADMIN_TOKEN goes before the token file', async () => {
  const env = { TOLLKEEPER_URL: proxy.origin, DATA_DIR: dataDir }
  const said = failure(await list({ ...env, ADMIN_TOKEN: 'canary-wrong-token' }))
  expect(said).toMatch(/does not accept the admin token of ADMIN_TOKEN: set ADMIN_TOKEN to/)
  expect(said).not.toContain('canary')
  expect((await list({ ...env, ADMIN_TOKEN: '' })).code).toBe(0)
})

test('a wrong token in the file is told with the name of the file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tollkeeper-cli-'))
  await writeFile(join(folder, 'admin-token'), 'canary-old-token')
  const said = failure(await list({ TOLLKEEPER_URL: proxy.origin, DATA_DIR: folder }))
  expect(said).toContain(`does not accept the admin token of ${folder}/admin-token`)
  await rm(folder, { recursive: true })
})

test('without a token it is said where one is looked for', async () => {
  const said = failure(await list({ DATA_DIR: '/nowhere' }))
  expect(said).toMatch(/ADMIN_TOKEN is not set and \/nowhere\/admin-token is not there; set /)
  expect(failure(await list({}))).toContain('.data/admin-token is not there')
  const off = failure(await list({ ADMIN_TOKEN: 'off' }))
  expect(off).toMatch(/ADMIN_TOKEN is off, so the server has no admin API/)
  const odd = failure(await list({ ADMIN_TOKEN: 'canary-\u00fc-token' }))
  expect(odd).toMatch(/can not be sent/)
})

test('a token file that is there and can not be read is told apart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tollkeeper-cli-'))
  await mkdir(join(folder, 'admin-token'))
  const said = failure(await list({ DATA_DIR: folder }))
  expect(said).toContain(`${folder}/admin-token can not be read (EISDIR)`)
  await rm(folder, { recursive: true })
})

test('a server that is not reachable is told with what to start or to name', async () => {
  const said = failure(await list({ TOLLKEEPER_URL: 'http://127.0.0.1:2', ADMIN_TOKEN }))
  expect(said).toBe(
    'No Tollkeeper answers at http://127.0.0.1:2 (ECONNREFUSED): ' +
      'start it with "npm start", or name another with --url or TOLLKEEPER_URL.',
  )
})

test('a server without an admin API is told as one', async () => {
  const without = await startProxy({ env: { ADMIN_TOKEN: 'off' } })
  const said = failure(await list({ TOLLKEEPER_URL: without.origin, ADMIN_TOKEN }))
  expect(said).toMatch(/has nothing at \/admin\/tiers: its admin API is off \(ADMIN_TOKEN=off\)/)
  await without.close()
})

test.each([
  [200, 'text/html', '<html>Welcome</html>'],
  [404, 'application/json', '{"detail":"Not Found"}'],
  [302, 'text/plain', ''],
])('what is no Tollkeeper is told as that: %i %s', async (status, type, body) => {
  const stranger = createServer((_, response) => {
    response.writeHead(status, { 'content-type': type, location: '/login' }).end(body)
  })
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`
  const said = failure(await list({ TOLLKEEPER_URL: origin, ADMIN_TOKEN }))
  expect(said).toContain(`What answers at ${origin} (status ${status}) is no Tollkeeper`)
  stranger.closeAllConnections()
  await new Promise((resolve) => stranger.close(resolve))
})

test('a failure of the server is told with the request to look for in its log', async () => {
  const failing = createServer((_, response) => {
    const error = { message: 'Credits can not be checked right now.', code: 'ledger_unavailable' }
    response.writeHead(503, { 'x-request-id': 'request-1' }).end(JSON.stringify({ error }))
  })
  await new Promise<void>((resolve) => failing.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(failing.address() as AddressInfo).port}`
  const said = failure(await list({ TOLLKEEPER_URL: origin, ADMIN_TOKEN }))
  expect(said).toBe(
    'The server answered 503: Credits can not be checked right now; ' +
      "the server's log has more under request request-1",
  )
  failing.closeAllConnections()
  await new Promise((resolve) => failing.close(resolve))
})

test('an address that is no URL is a mistake in the command line', async () => {
  const named = misuse(await list({ ADMIN_TOKEN }, '--url', 'localhost:8080'))
  expect(named).toMatch(/^--url must be a URL like http:\/\/127\.0\.0\.1:8080/)
  const set = misuse(await list({ ADMIN_TOKEN, TOLLKEEPER_URL: 'nowhere' }))
  expect(set).toMatch(/^TOLLKEEPER_URL must be a URL like/)
})
