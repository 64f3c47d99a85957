import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../harness/free-port.ts'
import { launch } from './launch.ts'
import { KEPT, type UpstreamServer } from './server.ts'

const run = promisify(execFile)
const SUITE = fileURLToPath(new URL('..', import.meta.url))
const PACKAGE = `${SUITE}node_modules/@copilotkit/aimock/`
const INSTALL_MS = 120_000

/** A model that it lists. */
const MODEL = 'gpt-4o'
/** Pause between two events of a stream, in ms. */
const PACE_MS = 3
const SENTENCES = 200
const ANSWER = 'All of this was written down long before anybody asked for it. '.repeat(SENTENCES)

const NO_LIMIT = 'it answers with what it was given, whatever the limit'

/** A mock for tests of others, that answers with what it is given. */
export const aimock: UpstreamServer = {
  name: 'aimock',
  async install() {
    const args = ['ci', '--prefix', SUITE, '--loglevel', 'error']
    await run('npm', args, { timeout: INSTALL_MS }).catch(({ stderr, message }) => {
      const code = /^npm error code (\w+)$/m.exec(stderr)?.[1] ?? message
      throw new Error(`its package can not be installed: ${code}`)
    })
    return JSON.parse(readFileSync(`${PACKAGE}package.json`, 'utf8')).version
  },
  async start() {
    const port = await freePort()
    const answers = `${KEPT}aimock.json`
    const fixtures = [{ match: { model: MODEL }, response: { content: ANSWER } }]
    writeFileSync(answers, JSON.stringify({ fixtures }))
    const pace = ['--latency', String(PACE_MS)]
    const child = await launch('aimock', {
      command: process.execPath,
      args: [`${PACKAGE}dist/cli.js`, '-p', String(port), '-f', answers, ...pace],
      readyUrl: `http://127.0.0.1:${port}/v1/models`,
    })
    const embeddingModel = 'text-embedding-3-small'
    return { process: child, port, apiKey: null, model: MODEL, embeddingModel }
  },
  lacks: {
    'stops at max_tokens': NO_LIMIT,
    'stops at max_tokens, stream': NO_LIMIT,
    'stops at max_completion_tokens': NO_LIMIT,
    'a prompt too long': 'it has room for any prompt',
    completions: 'it has no such endpoint',
    'completions, stream': 'it has no such endpoint',
  },
}
