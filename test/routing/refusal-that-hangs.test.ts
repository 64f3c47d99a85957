import { afterAll, beforeAll, expect, test } from 'vitest'
import { startUpstream, type Upstream } from '../relay/upstream.ts'
import { putModel, putProvider } from './setup.ts'
import { attemptsOf, type Several, startSeveral } from './several.ts'

/** Seconds in which a refusal that never ends is taken as it is, and more. */
const ENOUGH_S = 30

let several: Several
let upstream: Upstream
beforeAll(async () => {
  several = await startSeveral()
  upstream = await startUpstream((response) => {
    response.writeHead(503, { 'content-type': 'application/json' }).write('{"error":')
  })
})
afterAll(async () => {
  await several.close()
  await upstream.close()
})

test(
  'a refusal whose words never end is left once, and ends no stream of another route',
  async () => {
    await putProvider(several.proxy, 'stuck', { url: upstream.origin })
    await putModel(several.proxy, 'stuck', [
      { provider: 'stuck', priority: 0 },
      { provider: 'beta', upstream_model: 'sandbox-slow', priority: 1 },
    ])
    const more = { stream: true, sandbox: { reply_chars: 80 } }
    const { status, id, text } = await several.send('stuck', more)
    expect(status, text).toBe(200)
    expect(text).toMatch(/data: \[DONE\]\n\n$/)
    const record = await several.proxy.settled(id)
    expect(record).toMatchObject({ outcome: 'completed', provider: 'beta', error: null })
    expect(attemptsOf(record)).toEqual([
      ['stuck', 503, 'upstream_error'],
      ['beta', 200, null],
    ])
    expect(several.beta.calls.get(id)?.finished).toBe(true)
  },
  ENOUGH_S * 1_000,
)
