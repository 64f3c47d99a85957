import type { ServerResponse } from 'node:http'

/** Milliseconds a client may read nothing while bytes wait for it; then it is disconnected. */
export const CLIENT_STALL_MS = 60_000

/** Bounds the time that an answer in one piece waits for a client that reads nothing of it. */
export function limitStall(response: ServerResponse): void {
  response.setTimeout(CLIENT_STALL_MS, () => response.destroy())
}
