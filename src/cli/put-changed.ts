import type { AdminClient } from './admin-client.ts'

/**
 * PUT names the whole thing, and would reset what it leaves out: a change of one setting sends the
 * stored ones along.
 */
export async function putChanged<Body extends object>(
  client: AdminClient,
  path: string,
  settings: readonly (keyof Body & string)[],
  change: Record<string, unknown>,
): Promise<Body> {
  const stored = await client.find<Body>(path)
  const kept = settings.filter((name) => stored && name in stored)
  const entries = kept.map((name) => [name, stored?.[name]])
  return client.put<Body>(path, { ...Object.fromEntries(entries), ...change })
}
