/** Output tokens, and seconds, that an answer is read on where its provider does not say. */
const FINISH_TOKENS_DEFAULT = 16_384
const FINISH_SECONDS_DEFAULT = 300

/** The quirks of an upstream, as data (W-22, W-83). */
export type Profile = {
  /** `anthropic`: it serves Anthropic's API alone, and takes its key as `x-api-key`. */
  api: 'openai' | 'anthropic'
  /**
   * `omit`: it refuses `stream_options`, and is not asked to report the usage of a stream.
   * `continuous`: it is asked to report in every chunk, for streams that are broken off (W-105).
   * `auto`: it is asked, and not again for a model for which it refuses.
   */
  streamOptions: 'send' | 'omit' | 'continuous' | 'auto'
  /** The one name of the output limit it understands; `as_sent` leaves the client's. */
  outputLimit: 'as_sent' | 'max_tokens' | 'max_completion_tokens'
  /** The header that carries its key. */
  authHeader: 'authorization' | 'api-key' | 'x-api-key'
  /** `system`: it refuses the role `developer`, and is sent `system` in its place. */
  developerRole: 'keep' | 'system'
  /** `excluded`: its `completion_tokens` leave reasoning out, which is charged on top (W-93). */
  reasoningTokens: 'included' | 'excluded'
  /** `float`: it refuses to send embeddings as base64, which most clients ask for (W-21). */
  embeddingFormat: 'as_sent' | 'float'
  /** Members of a JSON body that it refuses: they are left out of what it is sent (W-22). */
  dropFields: readonly string[]
  /**
   * When a client hangs up. `cancel`: the upstream is stopped at once. `finish`: it bills on, so
   * its answer is read on, within the two bounds below, and charged as if the client had stayed.
   */
  onDisconnect: 'cancel' | 'finish'
  /** Output tokens of an answer that are read on at most. */
  finishMaxTokens: number
  /** Seconds for which it is read on at most. */
  finishMaxSeconds: number
}

/** What makes a request: who is asked, for what, how much, and in which form. None is dropped. */
export const KEPT_FIELDS: readonly string[] = [
  ...['model', 'messages', 'input', 'prompt', 'suffix', 'system', 'instructions', 'voice'],
  ...['stream', 'stream_options', 'stream_format', 'encoding_format', 'background'],
  ...['n', 'best_of', 'max_tokens', 'max_completion_tokens', 'max_output_tokens'],
]

/** What becomes of an answer whose client has gone. */
export type DisconnectPolicy = Pick<
  Profile,
  'onDisconnect' | 'finishMaxTokens' | 'finishMaxSeconds'
>

/** An upstream that does as OpenAI does. */
export const PLAIN_PROFILE: Profile = {
  api: 'openai',
  streamOptions: 'send',
  outputLimit: 'as_sent',
  authHeader: 'authorization',
  developerRole: 'keep',
  reasoningTokens: 'included',
  embeddingFormat: 'as_sent',
  dropFields: [],
  onDisconnect: 'cancel',
  finishMaxTokens: FINISH_TOKENS_DEFAULT,
  finishMaxSeconds: FINISH_SECONDS_DEFAULT,
}

/** The upstream of the environment, which nobody can describe: what can be found out, is. */
export const UNDESCRIBED_PROFILE: Profile = { ...PLAIN_PROFILE, streamOptions: 'auto' }

/** A profile as it is stored, completed by what is usual. */
export function readProfile(stored: unknown): Profile {
  const profile = { ...PLAIN_PROFILE, ...(stored as Partial<Profile>) }
  return profile.api === 'anthropic' ? { ...profile, authHeader: 'x-api-key' } : profile
}

/** Whether an upstream serves an API; Anthropic's is served beside OpenAI's by many. */
export function speaks({ api }: Profile, asked: Profile['api']): boolean {
  return api === 'openai' || asked === 'anthropic'
}
