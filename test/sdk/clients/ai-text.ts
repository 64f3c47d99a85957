import { generateText, jsonSchema, type LanguageModel, streamText, type ToolSet, tool } from 'ai'
import { type Act, type Call, CITY_PARAMETERS, CITY_TOOL, type Observed } from './client.ts'

type ModelOf = (call: Call) => LanguageModel

const LOOK_UP_CITY = tool({
  description: CITY_TOOL.description,
  inputSchema: jsonSchema(CITY_PARAMETERS),
})

/** Generates text with a model. */
export function ask(modelOf: ModelOf): Act {
  return async (call, seen) => {
    const answer = await generateText(params(modelOf, call))
    seen.text = answer.text
    seen.finish = answer.finishReason
    seen.usage = usageOf(answer.usage)
    for (const { toolName, input } of answer.toolCalls) noteTool(seen, toolName, input)
  }
}

/** Streams text from a model, by the parts that it comes in. */
export function stream(modelOf: ModelOf): Act {
  return async (call, seen) => {
    const controller = new AbortController()
    const { fullStream } = streamText({
      ...params(modelOf, call),
      abortSignal: controller.signal,
      onError: () => {},
    })
    let pieces = 0
    for await (const part of fullStream) {
      if (part.type === 'error') throw part.error
      if (part.type === 'abort' && !controller.signal.aborted) throw timeoutError(part.reason)
      if (part.type === 'tool-call') noteTool(seen, part.toolName, part.input)
      if (part.type === 'finish') {
        seen.finish = part.finishReason
        seen.usage = usageOf(part.totalUsage)
      }
      if (part.type !== 'text-delta') continue
      seen.text += part.text
      if (++pieces === call.leavesAfter) controller.abort()
    }
  }
}

function params(modelOf: ModelOf, call: Call) {
  const { prompt, offersTool, maxRetries, timeoutMs } = call
  const tools: ToolSet = offersTool ? { [CITY_TOOL.name]: LOOK_UP_CITY } : {}
  return { model: modelOf(call), prompt, maxRetries, tools, timeout: timeoutMs ?? undefined }
}

/** A stream that ran out of time ends with a part that says why, and without an error. */
function timeoutError(reason: string | undefined): DOMException {
  return new DOMException(reason ?? 'aborted', 'TimeoutError')
}

function noteTool(seen: Observed, name: string, input: unknown): void {
  seen.tools.push({ name, arguments: JSON.stringify(input) })
}

type Usage = { inputTokens: number | undefined; outputTokens: number | undefined }

function usageOf({ inputTokens, outputTokens }: Usage): Observed['usage'] {
  if (inputTokens === undefined || outputTokens === undefined) return null
  return { input: inputTokens, output: outputTokens }
}
