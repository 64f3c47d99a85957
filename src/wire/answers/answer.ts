import type { Delivered } from '../../domain/usage/estimate.ts'
import type { ToolCalls } from '../../domain/usage/tool-calls.ts'
import type { Usage } from '../../domain/usage/usage.ts'
import { isTooDeep, mayBeTooDeep } from '../json/json-depth.ts'
import { editMembers } from '../json/json-edits.ts'

/** What Tollkeeper reads of an answer that came in one piece. */
export type Answer = {
  /** A 200 with an error in it is an error (W-39); its object or text, else null. */
  error: unknown
  /** It is what the endpoint answers. */
  isAnswer: boolean
  usage: Usage | null
  /** What is wrong with the usage that it tells. */
  oddUsage?: string | null
  delivered: Delivered
  /** The delivered text, for a tokenizer. */
  completion: string
  /** The body to send where it is not the upstream's; null sends its bytes. */
  edited: string | null
  /** It is not JSON, and keeps the upstream's content type. */
  isPlain?: boolean
  /** The same as an event stream, for a client that asked for one; null where there is no such. */
  asStream: ((estimated: Usage) => string) | null
}

/** An answer of this text, and of these calls of tools that the upstream ran. */
export function textDelivered(
  completion: string,
  toolCalls?: ToolCalls | undefined,
): Pick<Answer, 'completion' | 'delivered'> {
  return {
    completion,
    delivered: { chunkCount: 0, completionLength: completion.length, toolCalls },
  }
}

/**
 * Reads a JSON object; null for anything else, and for one that could not be written again. Never
 * throws.
 */
export function parseObject(body: string): Record<string, unknown> | null {
  const value = parseAnyDepth(body)
  return mayBeTooDeep(body) && isTooDeep(value) ? null : value
}

/** The same however deep it is nested: for large answers, of which little is written again. */
export function parseAnyDepth(body: string): Record<string, unknown> | null {
  try {
    return asObject(JSON.parse(body))
  } catch {
    return null
  }
}

/** A JSON value, if it is an object and not an array. */
export function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}

/**
 * A JSON text with the public name of its model (W-18).
 * @param value what the text says
 * @returns null where it stays as it is
 */
export function renamed(
  body: string,
  value: Record<string, unknown> | null,
  alias: string | null,
): string | null {
  if (alias === null || value?.model === undefined) return null
  return editMembers(body, { model: JSON.stringify(alias) })
}
