import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SIGNAL_ECHO_MS } from '../../src/stop-signals.ts'
import { eventually } from '../harness/proxy.ts'
import { type ServerProcess, startServer } from './server-process.ts'

let dataDir: string
let key: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tollkeeper-signals-'))
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))

async function started(): Promise<{ server: ServerProcess; origin: string }> {
  const server = startServer({ DATA_DIR: dataDir })
  const origin = await server.listening()
  key ??= await eventually(() => server.stderr().match(/tk_[0-9A-Za-z]{38}/)?.[0])
  return { server, origin }
}

/** A stream of which the first bytes have come. */
async function streamOf(origin: string, model: string) {
  const content = 'a story that takes its time to be told'
  const response = await fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content }] }),
  })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const first = await reader.read()
  return { reader, first: new TextDecoder().decode(first.value) }
}

test('a signal that comes twice, as npm and the terminal send it, is one: all is served', async () => {
  const { server, origin } = await started()
  const { reader, first } = await streamOf(origin, 'sandbox-slow')
  server.child.kill('SIGINT')
  server.child.kill('SIGINT')
  let text = first
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += new TextDecoder().decode(part.value)
  }
  expect(text).toMatch(/data: \[DONE\]\n\n$/)
  expect(await server.ended).toBe(0)
  expect(server.stdout().match(/"msg":"stopping"/g)).toHaveLength(1)
})

test('a signal that a person sends again ends the process at once', async () => {
  const { server, origin } = await started()
  const { reader } = await streamOf(origin, 'sandbox-hang-midstream')
  server.child.kill('SIGINT')
  await eventually(() => server.stdout().includes('"msg":"stopping"')) // from then on time counts
  await sleep(SIGNAL_ECHO_MS + 100)
  expect(server.child.exitCode).toBeNull()
  expect(await server.stop('SIGINT')).toBe(1)
  await reader.cancel().catch(() => {})
  const again = await started() // adopts the database that was left, and stops it
  expect(await again.server.stop('SIGTERM')).toBe(0)
})
