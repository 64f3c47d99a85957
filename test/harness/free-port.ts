import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below the ports that systems give out by themselves (Linux from 32,768 on), and away from those
 * at which no upstream may be.
 */
const FIRST_PORT = 20_000

/** Ports of one worker of the test run: two of them never hand out the same. */
const PORTS_EACH = 1_500
const WORKERS_MAX = 4

const worker = Number(process.env.VITEST_POOL_ID ?? 0) % WORKERS_MAX
let next = Math.floor(Math.random() * PORTS_EACH)

/**
 * A port on which nobody listens. Nobody is given it by chance either, so that it can be let go of
 * and taken again, or stay without a listener.
 * @throws Error when all of them are taken
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORTS_EACH; tries += 1) {
    next = (next + 1) % PORTS_EACH
    const port = FIRST_PORT + worker * PORTS_EACH + next
    if (await isFree(port)) return port
  }
  throw new Error('no port is free')
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
