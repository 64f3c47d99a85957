import type { OpenAI } from 'openai'
import { type Call, CITY_TOOL, type Observed } from './client.ts'

type Response = OpenAI.Responses.Response

const TOOLS = [{ type: 'function' as const, strict: false, ...CITY_TOOL }]

function params({ model, prompt, offersTool }: Call) {
  return { model, input: prompt, ...(offersTool ? { tools: TOOLS } : {}) }
}

export async function responses(client: OpenAI, call: Call, seen: Observed): Promise<void> {
  const response = await client.responses.create(params(call))
  seen.text = response.output_text
  note(seen, response)
}

export async function responsesStream(client: OpenAI, call: Call, seen: Observed): Promise<void> {
  const stream = await client.responses.create({ ...params(call), stream: true })
  let pieces = 0
  for await (const event of stream) {
    if (event.type === 'response.output_text.delta') {
      seen.text += event.delta
      if (++pieces === call.leavesAfter) stream.controller.abort()
    }
    if (event.type === 'response.completed') note(seen, event.response)
    if (event.type === 'response.failed') note(seen, event.response)
    if (event.type === 'response.incomplete') note(seen, event.response)
  }
}

function note(seen: Observed, { status, usage, output }: Response): void {
  seen.finish = status ?? null
  seen.usage = usage ? { input: usage.input_tokens, output: usage.output_tokens } : null
  for (const item of output) {
    if (item.type === 'function_call') {
      seen.tools.push({ name: item.name, arguments: item.arguments })
    }
  }
}
