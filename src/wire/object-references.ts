import { isRecord } from '../domain/is-record.ts'
import { invalid } from './fields.ts'

/** Members that name objects of the upstream's account, as a text or a list. */
const NAMES = new Set(['file_id', 'file_ids', 'vector_store_ids', 'container'])

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
  if (!isRecord(value) || depth > DEPTH_MAX) return null
  if (value.type === 'item_reference') return 'item_reference'
  if (value.type === 'tool_use') return null // the arguments of a client's own tool
  for (const name in value) {
    const member = value[name]
    if (typeof member !== 'object' && typeof member !== 'string') continue
    if (NAMES.has(name) && isReference(member)) return name
    const found = findReference(member, depth + 1)
    if (found !== null) return found
  }
  return null
}

/** The schema of a parameter may have any name, and is no text and no list. */
function isReference(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.length > 0)
}
