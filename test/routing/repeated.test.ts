import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FAILOVER_FIRST_BYTE_MS } from '../../src/upstream/routes/failover.ts'
import { answerWhole } from '../relay/upstream.ts'
import { putModel, putProvider } from './setup.ts'
import { attemptsOf, type Several, startSeveral } from './several.ts'

/** Milliseconds from a head to the first event: more than a stream is waited for without a head. */
const SILENT_MS = FAILOVER_FIRST_BYTE_MS + 2_000

/** Seconds that this takes, and more. */
const ENOUGH_S = 60

const CHUNK = '{"choices":[{"index":0,"delta":{"content":"Late."},"finish_reason":"stop"}]}'

let several: Several
const used = new Set<Socket>()
/** Resets a connection under its second request, and begins the answer to the third one slowly. */
const upstream = createServer({ keepAliveTimeout: SILENT_MS * 2 }, (request, response) => {
  const { socket } = request
  if (used.has(socket)) return void socket.resetAndDestroy()
  used.add(socket)
  if (used.size === 1) return answerWhole(response)
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  setTimeout(() => response.end(`data: ${CHUNK}\n\ndata: [DONE]\n\n`), SILENT_MS)
})
beforeAll(async () => {
  several = await startSeveral()
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await several.close()
  upstream.closeAllConnections()
  upstream.close()
})

test(
  'an attempt that was made once again leaves nothing behind that could end the other',
  async () => {
    const { port } = upstream.address() as AddressInfo
    await putProvider(several.proxy, 'resets', { url: `http://127.0.0.1:${port}/v1` })
    await putModel(several.proxy, 'm', [
      { provider: 'resets', priority: 0 },
      { provider: 'beta', priority: 1 },
    ])
    expect((await several.send('m')).status).toBe(200)
    const { id, text } = await several.send('m', { stream: true })
    expect(text).toContain('Late.')
    expect(attemptsOf(await several.proxy.settled(id))).toEqual([
      ['resets', null, 'upstream_error'],
      ['resets', 200, null],
    ])
    expect(several.beta.calls.has(id)).toBe(false)
  },
  ENOUGH_S * 1_000,
)
