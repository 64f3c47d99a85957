/**
 * Calls of tools that the upstream ran itself and bills one by one, under the name that the
 * upstream has for them.
 */
export type ToolCalls = Readonly<Record<string, number>>

/** More calls of one tool than this are a defect of the upstream, and ignored. */
export const TOOL_CALLS_MAX = 100_000

/** The larger count of each tool: what an answer tells twice is not summed up. */
export function largerCalls(
  before: ToolCalls | undefined,
  now: ToolCalls | undefined,
): ToolCalls | undefined {
  if (before === undefined || now === undefined) return before ?? now
  const larger: Record<string, number> = { ...before }
  for (const [name, count] of Object.entries(now)) {
    larger[name] = Math.max(larger[name] ?? 0, count)
  }
  return larger
}
