import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { startProxy } from '../harness/proxy.ts'
import { cliOf } from './tollkeeper.ts'

/** Passes everything on to a proxy, but for requests of one method: those lose their connection. */
async function startLossy(origin: string, lost: string) {
  const server = createServer((request, response) => {
    if (request.method === lost) {
      request.socket.destroy()
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', async () => {
      const { authorization = '', 'content-type': type } = request.headers
      const answer = await fetch(`${origin}${request.url}`, {
        method: request.method as string,
        headers: { authorization, ...(type && { 'content-type': type }) },
        ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
      })
      response.writeHead(answer.status).end(await answer.text())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

test('a rotation that can not revoke the old key still shows the new one', async () => {
  const proxy = await startProxy()
  const lossy = await startLossy(proxy.origin, 'DELETE')
  const { keyId } = await proxy.customer('1')
  const rotate = ['key', 'rotate', keyId]

  const text = await cliOf(lossy).run(rotate)
  expect(text.code).toBe(1)
  expect(text.stdout).toMatch(/^key +tk_[0-9A-Za-z]{38} {3}\(shown only now\)$/m)
  expect(text.stderr).toMatch(/^tollkeeper: The new key was made, but the old one still works: /)
  expect(text.stderr).toContain(`Run "tollkeeper key revoke ${keyId}".\n`)

  const json = await cliOf(lossy).run([...rotate, '--json'])
  expect(json.code).toBe(1)
  const { created, revoked } = JSON.parse(json.stdout)
  expect(revoked).toBe(null)
  const authorization = `Bearer ${created.key}`
  expect((await fetch(`${proxy.url}/models`, { headers: { authorization } })).status).toBe(200)
  await lossy.close()
  await proxy.close()
})
