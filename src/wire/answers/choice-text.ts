import { CHAT_IMAGE_TOKENS } from '../../domain/bounds.ts'
import { DeliveredText } from '../sse/delivered-text.ts'
import { asObject } from './answer.ts'

/**
 * Counts what choices say, in every form (W-98): text, refusals, reasoning, calls of tools, the
 * words of audio, and images. Ids, roles and log probabilities are nothing that a model said.
 */
export class ChoiceText extends DeliveredText {
  /** @param choice of a chunk or a whole answer, of a chat or a completion */
  addChoice({ delta, message, text }: Record<string, unknown>): void {
    const said = asObject(delta) ?? asObject(message)
    if (said === null) this.add(text)
    else this.#addSaid(said)
  }

  #addSaid(said: Record<string, unknown>): void {
    const { content, reasoning_details: details, images } = said
    if (Array.isArray(content)) for (const part of content) this.#addPart(asObject(part) ?? {})
    else this.add(content)
    this.add(said.refusal)
    this.#addReasoning(said.reasoning_content || said.reasoning || textOfParts(details))
    if (said.audio) this.add(asObject(said.audio)?.transcript)
    if (Array.isArray(images)) this.mediaTokens += images.length * CHAT_IMAGE_TOKENS
    if (said.function_call) this.#addCall(said.function_call)
    if (!Array.isArray(said.tool_calls)) return
    for (const call of said.tool_calls) {
      this.#addCall(asObject(call)?.function)
      this.#addCall(asObject(call)?.custom)
    }
  }

  /** Of content in parts, as Mistral and Databricks send it where a model reasons. */
  #addPart({ text, thinking, summary }: Record<string, unknown>): void {
    this.add(text)
    this.#addReasoning(textOfParts(thinking ?? summary))
  }

  #addReasoning(reasoning: unknown): void {
    this.add(reasoning)
    if (typeof reasoning === 'string') this.reasoningLength += reasoning.length
  }

  /** A call of a function or of a custom tool. */
  #addCall(value: unknown): void {
    const call = asObject(value)
    if (call === null) return
    this.add(call.name)
    this.add(call.arguments ?? call.input)
  }
}

/** The text of reasoning that is told in parts. */
function textOfParts(parts: unknown): unknown {
  if (!Array.isArray(parts)) return parts
  const texts = parts.map((part) => asObject(part)?.text)
  return texts.filter((text) => typeof text === 'string').join('')
}
