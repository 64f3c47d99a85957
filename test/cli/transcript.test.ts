import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ADMIN_TOKEN } from '../harness/secrets.ts'
import { Names, startShell, stepsOf, timeless } from './transcript.ts'

const PAGE = new URL('../../docs/cli.md', import.meta.url)

/** What the sections of the page are about: each a task for at most two commands. */
const TASKS = [
  'An account with 50 credits and a key',
  'A key that may spend 100 credits a month',
  'A tier of 10 requests a minute',
  'A provider with a price',
  'What an upstream lacks',
  'A model that is served there',
  'Usage by model since yesterday',
  'Why a request failed',
  'A rotated key',
  'The prices of a catalogue',
  'A corrected price from tomorrow',
  'A price that was wrong',
  'A correction',
  'More',
]

/** What the program of the page's customer does; it ends when the request is settled. */
async function callModel(proxy: Tollkeeper, key: string, model: string): Promise<void> {
  const messages = [{ role: 'user', content: 'Hello there' }]
  const response = await proxy.chat(key, { model, stream: true, messages })
  await response.text()
  await proxy.settled(response.headers.get('x-request-id') as string)
}

test('docs/cli.md does each of its tasks in at most two commands', async () => {
  const steps = stepsOf(await readFile(PAGE, 'utf8'))
  const sections = Map.groupBy(steps, ({ section }) => section)
  expect([...sections.keys()]).toEqual(TASKS)
  for (const [section, inIt] of sections) {
    const commands = inIt.filter(({ kind }) => kind === 'command')
    expect(commands.length, section).toBeGreaterThanOrEqual(1)
    expect(commands.length, section).toBeLessThanOrEqual(2)
  }
})

test('every command of docs/cli.md prints what the page says', {
  timeout: 180_000, // each of them is a process of its own
}, async () => {
  const proxy = await startProxy()
  const shell = await startShell({ TOLLKEEPER_URL: proxy.origin, ADMIN_TOKEN })
  const names = new Names()
  let key = ''
  for (const step of stepsOf(await readFile(PAGE, 'utf8'))) {
    if (step.kind === 'call') {
      await callModel(proxy, key, step.model)
      continue
    }
    const printed = await shell.run(names.toRun(step.command))
    const made = printed.match(/\btk_[0-9A-Za-z]{38}\b/)?.[0]
    if (key === '' && made) key = made
    const shown = names.toPage(printed, step.output)
    expect(timeless(shown), step.command).toBe(timeless(step.output))
  }
  await shell.close()
  await proxy.close()
})
