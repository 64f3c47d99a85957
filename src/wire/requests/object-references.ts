import { asObject } from '../answers/answer.ts'
import { invalid } from '../fields.ts'

/** Members that name objects of the upstream's account, as a text or a list. */
const NAMES = new Set(['file_id', 'file_ids', 'vector_store_ids', 'container', 'container_id'])

/** Blocks whose input are arguments of a client's own tool, or of its own MCP server. */
const TOOL_USES = new Set<unknown>(['tool_use', 'mcp_tool_use'])

/** Nesting that is looked into: deeper than any upstream looks for a reference. */
const DEPTH_MAX = 24

/**
 * Refuses what names an object that is stored at the upstream: all accounts share its account, so
 * that one could read what another left there (W-20).
 * @param name the field that `value` is, for the refusal
 * @throws ProxyError invalid_value
 */
export function refuseObjectReferences(name: string, value: unknown): void {
  const found = findReference(value, 0)
  if (found !== null) throw stored(name, found)
}

/** Refuses a field that is nothing but a reference. */
export function refuseReference(fields: Record<string, unknown>, name: string): void {
  if ((fields[name] ?? null) !== null) throw stored(name, name)
}

function stored(field: string, found: string) {
  const why = 'names an object stored at the upstream, which accounts share'
  return invalid(field, `"${found}" ${why}: send what is in it instead.`)
}

function findReference(value: unknown, depth: number): string | null {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return null
  if (Array.isArray(value)) return findAmong(value, depth)
  const members = value as Record<string, unknown>
  const isToolUse = TOOL_USES.has(members.type)
  const looked = Object.entries(members).filter(([name]) => !isToolUse || name !== 'input')
  const named = looked.find(([name, one]) => NAMES.has(name) && isReference(one))
  const values = looked.map(([, one]) => one)
  return named?.[0] ?? referenceById(members) ?? findAmong(values, depth)
}

/** What stands for an object by its id alone: an item, an image, or what was said aloud. */
function referenceById({ type, result, audio }: Record<string, unknown>): string | null {
  if (type === 'item_reference') return type
  if (type === 'image_generation_call' && !result) return type
  return typeof asObject(audio)?.id === 'string' ? 'audio' : null
}

function findAmong(values: readonly unknown[], depth: number): string | null {
  for (const value of values) {
    const found = findReference(value, depth + 1)
    if (found !== null) return found
  }
  return null
}

/** The schema of a parameter may have any name, and is no text and no list. */
function isReference(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.length > 0)
}
