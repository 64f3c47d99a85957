import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../harness/free-port.ts'
import { launch } from './launch.ts'
import { MODEL, modelFile } from './model-file.ts'
import { environment } from './python.ts'
import { PYTHON, type Upstream, type UpstreamServer } from './server.ts'

/** Time it has to notice that nobody wants the rest of an answer, in ms. */
const IDLE_MS = 15_000
const POLL_MS = 50

const ONE_MODEL = 'it has one model, and answers with that whatever name it is asked for'

/** The server of llama.cpp as the package xllamacpp has it: prebuilt, and complete. */
export const llamaCpp: UpstreamServer = {
  name: 'llama.cpp',
  async install() {
    const { version } = await environment('llama-cpp', 'xllamacpp')
    await modelFile()
    return `xllamacpp ${version}`
  },
  start: startLlamaCpp,
  lacks: {
    'an unknown model': ONE_MODEL,
    'an unknown model, stream': ONE_MODEL,
    'openai: an unknown model': ONE_MODEL,
  },
}

export async function startLlamaCpp(): Promise<Upstream & { generated(): Promise<number> }> {
  const { python } = await environment('llama-cpp', 'xllamacpp')
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const process = await launch('llama.cpp', {
    command: python,
    args: [`${PYTHON}llama_server.py`, await modelFile(), String(port), MODEL],
    readyUrl: `${origin}/health`,
  })
  const generated = () => tokensOnceIdle(`${origin}/metrics`)
  return { process, port, apiKey: null, model: MODEL, embeddingModel: MODEL, generated }
}

async function tokensOnceIdle(url: string): Promise<number> {
  const deadline = performance.now() + IDLE_MS
  for (;;) {
    const text = await (await fetch(url)).text()
    if (metric(text, 'requests_processing') === 0) return metric(text, 'tokens_predicted_total')
    if (performance.now() > deadline) throw new Error(`it still generates after ${IDLE_MS} ms`)
    await sleep(POLL_MS)
  }
}

function metric(text: string, name: string): number {
  return Number(new RegExp(`^llamacpp:${name} (.+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
}
