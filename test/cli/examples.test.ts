import { expect, test } from 'vitest'
import { COMMANDS, isGroup } from '../../src/cli/commands.ts'
import { run } from '../../src/cli/run.ts'
import { startProxy, type Proxy as Tollkeeper } from '../harness/proxy.ts'
import { ADMIN_TOKEN } from '../harness/secrets.ts'

/** What other examples need, and what takes away what they need. */
const FIRST = ['tier set', 'provider set', 'account create']
const LAST = ['model delete', 'provider delete', 'tier delete']

const EXAMPLES = Object.entries(COMMANDS).flatMap(([name, entry]) =>
  isGroup(entry)
    ? Object.entries(entry.commands).map(([word, { example }]) => [`${name} ${word}`, example])
    : [[name, entry.example]],
) as [path: string, example: string][]

/** Ids in the help are nobody's: a new key, or a request that was made, stands in for them. */
async function withIds(proxy: Tollkeeper, example: string): Promise<string> {
  const { key, keyId } = await proxy.customer('10')
  const messages = [{ role: 'user', content: 'Hello there' }]
  const response = await proxy.chat(key, { model: 'sandbox-echo', messages })
  const requestId = response.headers.get('x-request-id') as string
  await proxy.settled(requestId)
  return example.replace(/key_[0-9a-f-]{36}/, keyId).replace(/^[0-9a-f-]{36}/, requestId)
}

test('every example of the help works as it stands', async () => {
  const proxy = await startProxy()
  const surroundings = {
    env: { TOLLKEEPER_URL: proxy.origin, ADMIN_TOKEN },
    now: new Date(),
    readStdin: async () => 'canary-provider-key',
  }
  const succeed = async (command: string) => {
    const [words = ''] = command.trim().split(' < ')
    const { exitCode, stdout, stderr } = await run(words.split(' '), surroundings)
    expect({ exitCode, stderr }, command).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).not.toBe('')
  }
  const succeedAll = async (examples: [string, string][]) => {
    for (const [path, example] of examples) {
      await succeed(`${path} ${await withIds(proxy, example)}`)
    }
  }
  const pick = (paths: string[]) =>
    paths.map((path) => EXAMPLES.find(([one]) => one === path) as [string, string])

  await succeedAll(pick(FIRST))
  await succeedAll(EXAMPLES.filter(([path]) => ![...FIRST, ...LAST].includes(path)))
  await succeed('account set customer-1 --tier default')
  await succeedAll(pick(LAST))
  await proxy.close()
})
