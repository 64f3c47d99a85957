import { writeFileSync } from 'node:fs'
import { freePort } from '../../harness/free-port.ts'
import { launch } from './launch.ts'
import { llamaCpp, startLlamaCpp } from './llama-cpp.ts'
import { MODEL } from './model-file.ts'
import { environment } from './python.ts'
import { KEPT, type UpstreamServer } from './server.ts'

/** It refuses to start with a weak one. */
const KEY = 'sk-tollkeeper-upstreams-0123456789abcdef'

/** The proxy of LiteLLM, in front of llama.cpp. */
export const litellm: UpstreamServer = {
  name: 'litellm',
  async install(options) {
    const { version } = await environment('litellm', 'litellm')
    return `${version}, before ${await llamaCpp.install(options)}`
  },
  async start() {
    const { bin } = await environment('litellm', 'litellm')
    const behind = await startLlamaCpp()
    const port = await freePort()
    const config = `${KEPT}litellm.json`
    writeFileSync(config, JSON.stringify(configOf(behind.port)))
    const process = await launch('litellm', {
      command: bin('litellm'),
      args: ['--config', config, '--host', '127.0.0.1', '--port', String(port)],
      // Otherwise it asks the network for prices as it starts.
      env: { LITELLM_LOCAL_MODEL_COST_MAP: 'True' },
      readyUrl: `http://127.0.0.1:${port}/health/liveliness`,
    })
    const { generated } = behind
    return { process, port, apiKey: KEY, model: MODEL, embeddingModel: MODEL, generated }
  },
  lacks: {},
}

/** JSON is YAML as well. */
function configOf(port: number): object {
  const behind = { api_base: `http://127.0.0.1:${port}/v1`, api_key: 'none' }
  return {
    model_list: [{ model_name: MODEL, litellm_params: { model: `openai/${MODEL}`, ...behind } }],
    // Now and then it loses a connection to llama.cpp as several calls begin, and answers 500.
    litellm_settings: { telemetry: false, num_retries: 2 },
    general_settings: { master_key: KEY },
  }
}
