/** A bare Fastify + undici relay in a process of its own: what the stack costs without metering. */
import { reportedPort, startModule } from '../processes.ts'
import { IGNORED_KEYS, type Target } from './target.ts'

export async function startRelay(upstreamPort: number): Promise<Target> {
  const relay = await startModule('relay', new URL('./relay-server.ts', import.meta.url), {
    UPSTREAM: `http://127.0.0.1:${upstreamPort}`,
  })
  const port = await reportedPort(relay)
  return { name: 'relay', port, keys: IGNORED_KEYS, pids: () => [relay.pid] }
}
