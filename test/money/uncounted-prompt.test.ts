import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatCredits } from '../../src/domain/credits.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { countsPrompts, setSlice, TOKEN } from './setup.ts'

let proxy: Tollkeeper
beforeAll(async () => {
  proxy = await startProxy()
  await setSlice(proxy, 64)
  await countsPrompts(proxy)
})
afterAll(() => proxy.close())

/** 40,000 bytes of what no tokenizer counts, and an upstream may read. */
const PAGES = 'JVBERi0xLjQK'.repeat(3_334).slice(0, 40_000)
const ASKED = [{ type: 'text', text: 'What does it say?' }]

const asked = (...parts: unknown[]) => ({
  messages: [{ role: 'user', content: [...ASKED, ...parts] }],
})

const BODIES = {
  'a file': asked({ type: 'file', file: { file_data: `data:application/pdf;base64,${PAGES}` } }),
  'a document as an image': asked({
    type: 'image_url',
    image_url: { url: `data:application/pdf;base64,${PAGES}` },
  }),
  'a video': asked({ type: 'video_url', video_url: { url: `data:video/mp4;base64,${PAGES}` } }),
  'reasoning of before': {
    messages: [
      { role: 'assistant', content: 'Yes.', reasoning_content: PAGES },
      { role: 'user', content: 'Why?' },
    ],
  },
  'a field for the template': { ...asked(), documents: [{ text: PAGES }] },
}

test.each(Object.entries(BODIES))(
  '%s is held by its bytes where a prompt is counted',
  async (_what, body) => {
    const ofText = await proxy.customer(formatCredits(1_000n * TOKEN))
    const refused = await proxy.chat(ofText.key, { model: 'sandbox-echo', stream: true, ...body })
    expect(refused.status).toBe(402)
    const ofBytes = await proxy.customer(formatCredits(42_000n * TOKEN))
    const served = await proxy.chat(ofBytes.key, { model: 'sandbox-echo', stream: true, ...body })
    expect(served.status).toBe(200)
    await served.text()
  },
)

const spoken = (data: string) => ({
  model: 'sandbox-echo',
  stream: true,
  messages: [
    {
      role: 'user',
      content: [...ASKED, { type: 'input_audio', input_audio: { data, format: 'mp3' } }],
    },
  ],
})

test('audio is held by its size, and by the most there is where that is not known', async () => {
  const seconds = Buffer.alloc(40_000).toString('base64')
  const customer = () => proxy.customer(formatCredits(2_000n * TOKEN))
  const served = await proxy.chat((await customer()).key, spoken(seconds))
  expect(served.status).toBe(200)
  await served.text()
  const refused = await proxy.chat((await customer()).key, spoken('https://example.com/a.mp3'))
  expect(refused.status).toBe(402)
})
