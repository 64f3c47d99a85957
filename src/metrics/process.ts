import { collectDefaultMetrics, Registry } from 'prom-client'

let registry: Registry | null = null

/**
 * CPU, memory, event loop and garbage collection: of the process, whatever apps run in it. Once,
 * because prom-client never stops the observers that it starts for them.
 */
export function processMetrics(): Registry {
  if (registry === null) {
    registry = new Registry()
    collectDefaultMetrics({ register: registry })
  }
  return registry
}
