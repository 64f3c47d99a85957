import { execFile } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { isInstalled } from '../../../bench/machine.ts'
import { freePort } from '../../harness/free-port.ts'
import { launch } from './launch.ts'
import { MODEL, modelFile } from './model-file.ts'
import { KEPT, type UpstreamServer } from './server.ts'

const run = promisify(execFile)

/** The last one that builds as a Go module: later ones need C++ that its module leaves out. */
const VERSION = 'v0.11.4'
const MODULE = `github.com/ollama/ollama@${VERSION}`
const FOLDER = `${KEPT}ollama/${VERSION}`
const COMMAND = `${FOLDER}/ollama`
/** An answer without a limit is ten times as long, and the doctor waits for it. */
const CONTEXT_TOKENS = 512
/** It lists a model with a tag. */
const LISTED = `${MODEL}:latest`
/** Time to compile it, in ms: two minutes on two cores. */
const BUILD_MS = 900_000

/** Ollama, built from source where there is a Go and a C++ compiler. */
export const ollama: UpstreamServer = {
  name: 'ollama',
  async install({ build }) {
    if (!existsSync(COMMAND)) await buildIt(build)
    await modelFile()
    return VERSION.slice(1)
  },
  async start() {
    const port = await freePort()
    const address = `127.0.0.1:${port}`
    const env = {
      OLLAMA_HOST: address,
      OLLAMA_MODELS: `${FOLDER}/models`,
      OLLAMA_CONTEXT_LENGTH: String(CONTEXT_TOKENS),
    }
    const process = await launch('ollama', {
      command: COMMAND,
      args: ['serve'],
      env,
      readyUrl: `http://${address}/api/version`,
    })
    await enterModel({ ...env, HOME: KEPT })
    return { process, port, apiKey: null, model: LISTED, embeddingModel: LISTED }
  },
  lacks: {
    'stops at max_completion_tokens': { withoutProfile: 'it does not know that name of the limit' },
    'a prompt too long': 'it drops the beginning of a prompt that does not fit',
    responses: 'it has no such endpoint',
    'responses, stream': 'it has no such endpoint',
    messages: 'it has no such endpoint',
    'messages, stream': 'it has no such endpoint',
  },
}

async function buildIt(isAllowed: boolean): Promise<void> {
  if (!isAllowed) throw new Error('it is not built, and --no-build was given')
  if (!isInstalled('go', 'version')) throw new Error('there is no Go to build it')
  if (!isInstalled('c++', '--version')) throw new Error('there is no C++ compiler to build it')
  const env = { ...process.env, GOBIN: FOLDER }
  await run('go', ['install', MODULE], { env, timeout: BUILD_MS }).catch((error) => {
    const last = (error.stderr || error.message).trim().split('\n').at(-1)
    throw new Error(`it can not be built: ${last}`)
  })
}

async function enterModel(env: NodeJS.ProcessEnv): Promise<void> {
  const file = `${FOLDER}/Modelfile`
  writeFileSync(file, `FROM ${await modelFile()}\n`)
  await run(COMMAND, ['create', MODEL, '-f', file], { env })
  rmSync(file)
}
