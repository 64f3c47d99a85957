import type { OpenAI } from 'openai'
import { type Call, CITY_TOOL, type Observed, type Tool } from './client.ts'

type Choice = OpenAI.ChatCompletionChunk.Choice
type Usage = OpenAI.CompletionUsage | null | undefined

const TOOLS = [{ type: 'function' as const, function: CITY_TOOL }]

function params({ model, prompt, offersTool }: Call) {
  const messages = [{ role: 'user' as const, content: prompt }]
  return { model, messages, ...(offersTool ? { tools: TOOLS } : {}) }
}

export async function chat(client: OpenAI, call: Call, seen: Observed): Promise<void> {
  const answer = await client.chat.completions.create(params(call))
  const [choice] = answer.choices
  seen.text = choice?.message.content ?? ''
  seen.finish = choice?.finish_reason ?? null
  seen.usage = usageOf(answer.usage)
  for (const tool of choice?.message.tool_calls ?? []) {
    if (tool.type === 'function') seen.tools.push({ ...tool.function })
  }
}

export async function chatStream(client: OpenAI, call: Call, seen: Observed): Promise<void> {
  const { asksUsage, leavesAfter } = call
  const stream = await client.chat.completions.create({
    ...params(call),
    stream: true,
    ...(asksUsage ? { stream_options: { include_usage: true } } : {}),
  })
  let pieces = 0
  for await (const chunk of stream) {
    if (chunk.usage) seen.usage = usageOf(chunk.usage)
    const [choice] = chunk.choices
    // Users who did not ask for usage read choices[0] of every chunk.
    if (choice === undefined && asksUsage) continue
    const { delta, finish_reason: finish } = choice as Choice
    seen.text += delta.content ?? ''
    seen.finish = finish ?? seen.finish
    for (const tool of delta.tool_calls ?? []) addTool(seen.tools, tool)
    if (delta.content && ++pieces === leavesAfter) stream.controller.abort()
  }
}

function addTool(
  tools: Tool[],
  { index, function: part }: OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall,
): void {
  tools[index] ??= { name: '', arguments: '' }
  tools[index].name += part?.name ?? ''
  tools[index].arguments += part?.arguments ?? ''
}

/** The usage of a chat completion or a completion. */
export function usageOf(usage: Usage): Observed['usage'] {
  return usage ? { input: usage.prompt_tokens, output: usage.completion_tokens } : null
}
