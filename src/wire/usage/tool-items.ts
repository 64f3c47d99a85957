import type { ToolCalls } from '../../domain/usage/tool-calls.ts'
import { asObject } from '../answers/answer.ts'

/** What the type of an item looks like that is a call. */
const CALL = /^[a-z][a-z0-9_]{0,58}_call$/

/** Calls that the client runs, or that cost their tokens alone. */
const UNBILLED = new Set([
  ...['function_call', 'custom_tool_call', 'computer_call', 'local_shell_call'],
  ...['apply_patch_call', 'mcp_call', 'tool_search_call'],
])

/** Whether calls of this name are run by an upstream, and billed one by one. */
export function isBilled(name: string): boolean {
  return CALL.test(name) && !UNBILLED.has(name)
}

/** The calls among the items of an output; undefined where there is none. */
export function callsIn(items: readonly unknown[]): ToolCalls | undefined {
  const counts: Record<string, number> = {}
  const containers = new Set<unknown>()
  for (const item of items) {
    const name = callName(item)
    if (name === null) continue
    const container = containerOf(item)
    if (container !== undefined && containers.has(container)) continue
    containers.add(container)
    counts[name] = (counts[name] ?? 0) + 1
  }
  return Object.keys(counts).length === 0 ? undefined : counts
}

/**
 * The name under which an item is billed; null for what is no call of a tool that the upstream ran.
 * Of a search on the web only the query is billed, and not the pages that it opens.
 */
export function callName(item: unknown): string | null {
  const { type, status, action, environment } = asObject(item) ?? {}
  if (typeof type !== 'string' || !isBilled(type)) return null
  if (status === 'failed') return null
  if (type === 'shell_call') return asObject(environment)?.container_id ? type : null
  const did = asObject(action)?.type ?? 'search'
  return type === 'web_search_call' && did !== 'search' ? null : type
}

/** A container is billed once, however many calls run in it. */
function containerOf(item: unknown): unknown {
  const { container_id: id, environment } = asObject(item) ?? {}
  return id ?? asObject(environment)?.container_id ?? undefined
}
