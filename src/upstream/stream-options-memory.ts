import type { UpstreamTarget } from './target.ts'

/** Models remembered of one upstream; beyond that all are asked anew. */
const MODELS_MAX = 1_000

/**
 * Which upstreams refuse `stream_options` for which models (W-83), where their profile leaves that
 * to be found out. A provider that is changed is asked anew.
 */
export class StreamOptionsMemory {
  readonly #refusers = new WeakMap<UpstreamTarget, Set<string>>()

  /** The upstream as it is spoken to for a model. */
  profileFor(target: UpstreamTarget, model: string): UpstreamTarget['profile'] {
    const { profile } = target
    const isRefused = this.#refusers.get(target)?.has(model) ?? false
    return isRefused ? { ...profile, streamOptions: 'omit' } : profile
  }

  /**
   * Hears of a refusal of a request that had them: several can be on their way at first.
   * @param refusal the body of the upstream's answer
   * @returns whether the request is another one from now on, and may be sent again
   */
  learn(target: UpstreamTarget, model: string, status: number, refusal: string): boolean {
    if ((status !== 400 && status !== 422) || !refusal.includes('stream_options')) return false
    const models = this.#refusers.get(target) ?? new Set()
    if (models.size >= MODELS_MAX) models.clear()
    this.#refusers.set(target, models.add(model))
    return true
  }
}
