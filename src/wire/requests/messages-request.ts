import { asObject } from '../answers/answer.ts'
import { requiredArray, requiredString } from '../fields.ts'
import { type JsonRequest, readJsonRequest } from '../json/json-request.ts'
import type { MeteredRequest } from './metered-request.ts'
import { refuseObjectReferences, refuseReference } from './object-references.ts'
import { measurePrompt, type PromptText, promptText, withDefinitions } from './prompt.ts'

/** A request of Anthropic's API. */
export type MessagesRequest = MeteredRequest & JsonRequest

/** The fields that are read below. */
export const MESSAGES_FIELDS = ['model', 'system', 'messages', 'tools', 'container'] as const

/**
 * Reads all but the output.
 * @throws ProxyError invalid_json, missing_required_parameter, invalid_value; names the field
 */
export function readMessages(
  body: Uint8Array,
  owned: ReadonlySet<string>,
): Omit<MessagesRequest, 'stream' | 'outputLimit' | 'fixedOutput'> {
  const json = readJsonRequest(body, owned)
  const { fields, bytes } = json
  const messages = requiredArray(fields, 'messages')
  refuseObjectReferences('messages', messages)
  refuseContainer(fields)
  return {
    ...json,
    model: requiredString(fields, 'model'),
    prompt: withDefinitions(measurePrompt(bytes, fields.system, messages), fields.tools),
    choices: 1,
  }
}

/** The text of a prompt, for an exact count. */
export function messagesText({ fields }: MessagesRequest): PromptText {
  return promptText(fields, ['system', 'messages'], ['tools'])
}

/** A container is named by its id, or described by what is to be in it. */
function refuseContainer(fields: Record<string, unknown>): void {
  const container = asObject(fields.container)
  refuseReference({ container: container === null ? fields.container : container.id }, 'container')
}
