import { parentPort } from 'node:worker_threads'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'

parentPort?.on('message', ({ id, text }: { id: number; text: string }) => {
  const tokens = countTokens(text, { allowedSpecial: 'all' })
  parentPort?.postMessage({ id, tokens })
})

parentPort?.postMessage(null) // started
