import { OpenAI } from 'openai'
import { OpenAI as OpenAI4 } from 'openai-4'
import { OpenAI as OpenAI5 } from 'openai-5'
import { OpenAI as OpenAI6 } from 'openai-6'
import { aiAnthropicClient, aiCompatibleClient, aiOpenaiClient } from './ai-sdk.ts'
import { anthropicClient } from './anthropic.ts'
import type { StartClient } from './client.ts'
import { langchainClient } from './langchain.ts'
import { openaiClient } from './openai.ts'
import { pythonClient } from './python.ts'

const older = (sdk: typeof OpenAI4 | typeof OpenAI5 | typeof OpenAI6) =>
  sdk as unknown as typeof OpenAI

/** How each column of the matrix is started, by its key there. */
export const CLIENTS: Record<keyof typeof import('../columns.ts').COLUMNS, StartClient> = {
  openai4: () => openaiClient(older(OpenAI4)),
  openai5: () => openaiClient(older(OpenAI5)),
  openai6: () => openaiClient(older(OpenAI6)),
  openai7: () => openaiClient(OpenAI),
  aiOpenai: aiOpenaiClient,
  aiCompatible: aiCompatibleClient,
  langchain: () => langchainClient(OpenAI),
  pythonOpenai1: () => pythonClient('openai-1', 'openai_calls.py'),
  pythonOpenai3: () => pythonClient('newest', 'openai_calls.py'),
  anthropic: anthropicClient,
  aiAnthropic: aiAnthropicClient,
  pythonAnthropic: () => pythonClient('newest', 'anthropic_calls.py'),
}
