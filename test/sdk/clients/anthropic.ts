import { Anthropic } from '@anthropic-ai/sdk'
import {
  type Act,
  type Call,
  CITY_TOOL,
  type Client,
  type Failure,
  type Observed,
} from './client.ts'
import { ANTHROPIC_CLASSES, stainlessFailure } from './stainless.ts'

/** Output tokens at most: a field without which Anthropic's API takes no message. */
const MAX_TOKENS = 4_096

/** Anthropic's client for JavaScript. */
export function anthropicClient(): Client {
  return {
    readsShouldRetry: true,
    timeoutOf: 'request',
    failureOf,
    abilities: { messages: act(messages), 'messages stream': act(messagesStream) },
  }
}

function act(run: (client: Anthropic, call: Call, seen: Observed) => Promise<void>): Act {
  return (call, seen) => {
    const { apiKey, maxRetries, timeoutMs } = call
    // This client appends /v1/messages to its base URL.
    const baseURL = call.baseUrl.replace(/\/v1$/, '')
    const timeout = timeoutMs === null ? {} : { timeout: timeoutMs }
    return run(new Anthropic({ baseURL, apiKey, maxRetries, ...timeout }), call, seen)
  }
}

function params({ model, prompt, offersTool }: Call) {
  const { name, description, parameters } = CITY_TOOL
  const tools = offersTool ? [{ name, description, input_schema: parameters }] : []
  const messages = [{ role: 'user' as const, content: prompt }]
  return { model, max_tokens: MAX_TOKENS, messages, ...(offersTool ? { tools } : {}) }
}

async function messages(client: Anthropic, call: Call, seen: Observed): Promise<void> {
  note(seen, await client.messages.create(params(call)))
}

async function messagesStream(client: Anthropic, call: Call, seen: Observed): Promise<void> {
  const stream = client.messages.stream(params(call))
  let pieces = 0
  stream.on('text', (text) => {
    seen.text += text
    if (++pieces === call.leavesAfter) stream.abort()
  })
  note(seen, await stream.finalMessage())
}

function note(seen: Observed, message: Anthropic.Message): void {
  const { content, stop_reason: finish, usage } = message
  seen.text = content.map((block) => (block.type === 'text' ? block.text : '')).join('')
  seen.finish = finish
  seen.usage = { input: usage.input_tokens, output: usage.output_tokens }
  for (const block of content) {
    if (block.type !== 'tool_use') continue
    seen.tools.push({ name: block.name, arguments: JSON.stringify(block.input) })
  }
}

/** Its errors have a type where OpenAI's have a code. */
function failureOf(error: unknown): Failure {
  const { type = null } = error as { type?: string | null }
  return { ...stainlessFailure(Anthropic, error, ANTHROPIC_CLASSES), code: type }
}
