import type { OpenAI } from 'openai'
import type { Call, Observed } from './client.ts'
import { usageOf } from './openai-chat.ts'

/** More tokens than any scenario gets: 16 are the default here. */
const MAX_TOKENS = 20_000

const params = ({ model, prompt }: Call) => ({ model, prompt, max_tokens: MAX_TOKENS })

export async function completions(client: OpenAI, call: Call, seen: Observed): Promise<void> {
  const answer = await client.completions.create(params(call))
  const [choice] = answer.choices
  seen.text = choice?.text ?? ''
  seen.finish = choice?.finish_reason ?? null
  seen.usage = usageOf(answer.usage)
}

export async function completionsStream(client: OpenAI, call: Call, seen: Observed): Promise<void> {
  const { asksUsage, leavesAfter } = call
  const stream = await client.completions.create({
    ...params(call),
    stream: true,
    ...(asksUsage ? { stream_options: { include_usage: true } } : {}),
  })
  let pieces = 0
  for await (const chunk of stream) {
    if (chunk.usage) seen.usage = usageOf(chunk.usage)
    const [choice] = chunk.choices
    if (choice === undefined && asksUsage) continue
    const { text, finish_reason: finish } = choice as OpenAI.CompletionChoice
    seen.text += text
    seen.finish = finish ?? seen.finish
    if (text && ++pieces === leavesAfter) stream.controller.abort()
  }
}
