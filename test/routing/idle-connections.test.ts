import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FAULTS_TO_OPEN } from '../../src/domain/routes/circuit.ts'
import { answerWhole } from '../relay/upstream.ts'
import { putModel, putProvider } from './setup.ts'
import { attemptsOf, type Several, startSeveral } from './several.ts'

/** Milliseconds for which the upstream keeps an idle connection: it is reset before. */
const IDLE_MS = 60_000

let several: Several
const used = new Set<Socket>()
const waiting: ServerResponse[] = []
const unanswered = new Set<Socket>()
/**
 * Answers the first requests when all of them are there, so that each has a connection of its own.
 * Resets the connections that have carried an answer, as soon as each has another request.
 */
const upstream = createServer({ keepAliveTimeout: IDLE_MS }, ({ socket }, response) => {
  if (used.has(socket)) {
    unanswered.add(socket)
    if (unanswered.size === FAULTS_TO_OPEN) for (const one of unanswered) one.resetAndDestroy()
    return
  }
  used.add(socket)
  waiting.push(response)
  if (used.size >= FAULTS_TO_OPEN) for (const one of waiting.splice(0)) answerWhole(one)
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

test('idle connections that end under their requests say nothing against a route', async () => {
  const { port } = upstream.address() as AddressInfo
  await putProvider(several.proxy, 'closes', { url: `http://127.0.0.1:${port}/v1` })
  await putModel(several.proxy, 'm', [
    { provider: 'closes', priority: 0 },
    { provider: 'beta', priority: 1 },
  ])
  const send = () => Promise.all(Array.from({ length: FAULTS_TO_OPEN }, () => several.send('m')))
  await send()
  const again = await send()
  for (const { id, status } of again) {
    expect(status).toBe(200)
    expect(attemptsOf(await several.proxy.settled(id))).toEqual([
      ['closes', null, 'upstream_error'],
      ['closes', 200, null],
    ])
  }
  expect(several.proxy.logs.filter(({ msg }) => msg?.includes('circuit'))).toEqual([])
})
