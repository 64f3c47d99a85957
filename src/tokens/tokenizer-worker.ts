import { parentPort } from 'node:worker_threads'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'

parentPort?.on('message', (text: string) => {
  parentPort?.postMessage(countTokens(text, { allowedSpecial: 'all' }))
})

parentPort?.postMessage(null) // started
