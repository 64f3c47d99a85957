/** The upstream itself: what the load generator sees with nothing in between. */
import { IGNORED_KEYS, type Target } from './target.ts'

export async function startDirect(upstreamPort: number): Promise<Target> {
  return { name: 'direct', port: upstreamPort, keys: IGNORED_KEYS, pids: () => [] }
}
