import type { Relayed } from './relay/relay.ts'
import type { UpstreamTarget } from './target.ts'

type Log = { [level in 'warn' | 'error']: (facts: object, message: string) => void }

/**
 * Tells the operator of what no client can do anything about: our key or our account is refused
 * there (W-38).
 */
export function warnOfRefusal(
  log: Log,
  { provider, baseUrl }: UpstreamTarget,
  { status, error }: Pick<Relayed, 'status' | 'error'>,
): void {
  if (error?.code !== 'upstream_misconfigured') return
  const cause = error.cause instanceof Error ? error.cause.message : null
  const facts = { provider, base_url: baseUrl, upstream_status: status, cause }
  log.error(facts, 'the upstream refuses our key or account')
}

/** Tells the operator of an upstream whose usage can not be right (W-90, W-93). */
export function warnOfUsage(
  log: Log,
  { provider, baseUrl }: UpstreamTarget,
  { oddUsage }: Pick<Relayed, 'oddUsage'>,
): void {
  if (oddUsage) log.warn({ provider, base_url: baseUrl, odd: oddUsage }, 'odd usage')
}
