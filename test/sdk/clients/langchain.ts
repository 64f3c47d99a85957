import { ChatOpenAI, OpenAI, OpenAIEmbeddings } from '@langchain/openai'
import {
  type Act,
  type Call,
  CITY_TOOL,
  type Client,
  type Failure,
  type Observed,
} from './client.ts'
import { type StainlessErrors, stainlessFailure } from './stainless.ts'

type Chunk = Awaited<ReturnType<ChatOpenAI['invoke']>>
type Usage = { input_tokens: number; output_tokens: number } | undefined

/** LangChain for JavaScript; it hands on most errors of OpenAI's client, which it is built on. */
export function langchainClient(errors: StainlessErrors): Client {
  return {
    readsShouldRetry: false,
    timeoutOf: 'request',
    failureOf: (error) => renamed(error) ?? stainlessFailure(errors, error),
    hides: { completions: ['usage'], 'completions stream': ['usage', 'finish'] },
    abilities: {
      chat: chat(false),
      'chat stream': chatStream(false),
      completions,
      'completions stream': completionsStream,
      responses: chat(true),
      'responses stream': chatStream(true),
      embeddings,
    },
  }
}

const settings = ({ baseUrl, apiKey, model, maxRetries, timeoutMs }: Call) => ({
  model,
  apiKey,
  configuration: { baseURL: baseUrl },
  maxRetries,
  ...(timeoutMs === null ? {} : { timeout: timeoutMs }),
})

function talker(call: Call, useResponsesApi: boolean) {
  const talker = new ChatOpenAI({
    ...settings(call),
    streamUsage: call.asksUsage,
    useResponsesApi,
  })
  return call.offersTool ? talker.bindTools([{ type: 'function', function: CITY_TOOL }]) : talker
}

function chat(useResponsesApi: boolean): Act {
  return async (call, seen) => {
    note(seen, await talker(call, useResponsesApi).invoke(call.prompt))
  }
}

function chatStream(useResponsesApi: boolean): Act {
  return async (call, seen) => {
    let whole: Chunk | undefined
    let pieces = 0
    for await (const chunk of await talker(call, useResponsesApi).stream(call.prompt)) {
      whole = whole === undefined ? chunk : whole.concat(chunk)
      note(seen, whole)
      if (chunk.text !== '' && ++pieces === call.leavesAfter) break
    }
  }
}

function note(seen: Observed, message: Chunk): void {
  const { text, response_metadata: metadata, tool_calls: tools = [] } = message
  const usage = message.usage_metadata as Usage
  seen.text = text
  seen.finish = (metadata.finish_reason ?? metadata.status ?? null) as string | null
  seen.usage = usage ? { input: usage.input_tokens, output: usage.output_tokens } : null
  seen.tools = tools.map(({ name, args }) => ({ name, arguments: JSON.stringify(args) }))
}

const completions: Act = async (call, seen) => {
  const { generations } = await new OpenAI(settings(call)).generate([call.prompt])
  const [one] = generations.flat()
  seen.text = one?.text ?? ''
  seen.finish = one?.generationInfo?.finishReason ?? null
}

const completionsStream: Act = async (call, seen) => {
  let pieces = 0
  for await (const text of await new OpenAI(settings(call)).stream(call.prompt)) {
    seen.text += text
    if (text !== '' && ++pieces === call.leavesAfter) break
  }
}

const embeddings: Act = async (call, seen) => {
  const texts = [call.prompt, 'another text']
  seen.data = await new OpenAIEmbeddings(settings(call)).embedDocuments(texts)
}

/** Its own names for two errors of OpenAI's client. */
function renamed(error: unknown): Failure | null {
  if (!(error instanceof Error)) return null
  const { name, message } = error
  const rest = { name, status: null, code: null, message }
  if (name === 'TimeoutError') return { kind: 'timeout', ...rest }
  return name === 'AbortError' ? { kind: 'abort', ...rest } : null
}
