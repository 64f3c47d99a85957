import { DeliveredText } from '../sse/delivered-text.ts'
import { asObject } from './answer.ts'

/**
 * Counts what choices say, in every form (W-98): text, refusals, reasoning, calls of tools and the
 * words of audio. Ids, roles and log probabilities are nothing that a model said.
 */
export class ChoiceText extends DeliveredText {
  /** @param choice of a chunk or a whole answer, of a chat or a completion */
  addChoice({ delta, message, text }: Record<string, unknown>): void {
    const said = asObject(delta) ?? asObject(message)
    if (said === null) this.add(text)
    else this.#addSaid(said)
  }

  #addSaid(said: Record<string, unknown>): void {
    this.add(said.content)
    this.add(said.refusal)
    const reasoning = said.reasoning_content || said.reasoning || textOfDetails(said)
    this.add(reasoning)
    if (typeof reasoning === 'string') this.reasoningLength += reasoning.length
    if (said.audio) this.add(asObject(said.audio)?.transcript)
    if (said.function_call) this.#addCall(said.function_call)
    if (!Array.isArray(said.tool_calls)) return
    for (const call of said.tool_calls) {
      this.#addCall(asObject(call)?.function)
      this.#addCall(asObject(call)?.custom)
    }
  }

  /** A call of a function or of a custom tool. */
  #addCall(value: unknown): void {
    const call = asObject(value)
    if (call === null) return
    this.add(call.name)
    this.add(call.arguments ?? call.input)
  }
}

/** The text of reasoning that some upstreams tell in parts, and mostly as `reasoning` too. */
function textOfDetails({ reasoning_details: details }: Record<string, unknown>): unknown {
  if (!Array.isArray(details)) return undefined
  const texts = details.map((part) => asObject(part)?.text)
  return texts.filter((text) => typeof text === 'string').join('')
}
