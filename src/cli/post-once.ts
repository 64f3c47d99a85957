import type { AdminClient } from './admin-client.ts'
import { ApiError, CliError } from './failure.ts'

/**
 * A POST that takes effect once for its reference. Where the answer is lost, nobody knows whether
 * it did.
 * @param advice what to do then
 */
export async function postOnce<Body>(
  client: AdminClient,
  path: string,
  body: object,
  advice: string,
): Promise<{ body: Body; created: boolean }> {
  try {
    return await client.post<Body>(path, body)
  } catch (error) {
    const isRefused = error instanceof ApiError && error.status < 500
    if (!(error instanceof CliError) || isRefused) throw error
    throw new CliError(`${error.message} ${advice}`)
  }
}
