/** The quirks of an upstream, as data (W-22, W-83). */
export type Profile = {
  /** `omit`: it refuses `stream_options`, and is not asked to report the usage of a stream. */
  streamOptions: 'send' | 'omit'
  /** The one name of the output limit it understands; `as_sent` leaves the client's. */
  outputLimit: 'as_sent' | 'max_tokens' | 'max_completion_tokens'
  /** The header that carries its key. */
  authHeader: 'authorization' | 'api-key' | 'x-api-key'
}

/** An upstream that does as OpenAI does. */
export const PLAIN_PROFILE: Profile = {
  streamOptions: 'send',
  outputLimit: 'as_sent',
  authHeader: 'authorization',
}

/** A profile as it is stored, completed by what is usual. */
export function readProfile(stored: unknown): Profile {
  return { ...PLAIN_PROFILE, ...(stored as Partial<Profile>) }
}
