import type { Quirk } from '../../src/doctor/quirks.ts'
import type { QuirkName } from '../../src/sandbox/quirks/catalogue.ts'

export type Expected = {
  /** What the doctor finds, and nothing else. */
  finds: Quirk[]
  /** The base URL to use, below the server's name; null where there is none. */
  base?: string | null
  /** What its profile has that a plain one has not. */
  profile?: Record<string, string>
}

/** Every quirky server of the sandbox, and the diagnosis it was made for. */
export const EXPECTED: Record<QuirkName, Expected> = {
  none: { finds: [] },

  'no-v1': { finds: ['other-base-url'], base: '' },
  moved: { finds: ['other-base-url'], base: '/v2' },
  redirects: { finds: ['redirect'], base: null },
  'gateway-down': { finds: ['server-down'], base: null },
  'login-page': { finds: ['no-endpoint'], base: null },
  'needs-api-version': { finds: ['api-version'], base: '/v1?api-version=2024-10-21' },
  'api-key-header': { finds: ['key-header'], profile: { auth_header: 'api-key' } },
  'x-api-key-header': { finds: ['key-header'], profile: { auth_header: 'x-api-key' } },
  'refuses-key': { finds: ['key-refused'], base: null },

  'no-models': { finds: ['no-model-list'] },
  'bare-models': { finds: ['odd-model-list'] },
  'unknown-model': { finds: ['completion-fails'] },

  'rejects-stream-options': {
    finds: ['stream-options-refused', 'stream-usage-missing'],
    profile: { stream_options: 'omit' },
  },
  'ignores-stream-options': { finds: ['stream-usage-missing'] },
  'wants-max-completion-tokens': {
    finds: ['only-max-completion-tokens'],
    profile: { output_limit: 'max_completion_tokens' },
  },
  'wants-max-tokens': { finds: ['only-max-tokens'], profile: { output_limit: 'max_tokens' } },
  'ignores-max-completion-tokens': {
    finds: ['only-max-tokens'],
    profile: { output_limit: 'max_tokens' },
  },
  'ignores-limits': { finds: ['no-limit'] },
  'rejects-developer-role': {
    finds: ['developer-role-refused'],
    profile: { developer_role: 'system' },
  },
  'rejects-system-role': { finds: ['system-role-refused'] },

  'usage-never': { finds: ['usage-missing', 'stream-usage-missing'] },
  'usage-zero': { finds: ['usage-missing', 'stream-usage-unusable'] },
  'usage-every-chunk': { finds: ['usage-every-chunk'] },
  'usage-finish-chunk': { finds: ['usage-in-finish-chunk'] },
  'usage-x-groq': { finds: ['usage-in-x-groq', 'stream-usage-in-x-groq'] },
  'usage-timings': { finds: ['usage-in-timings', 'stream-usage-in-timings'] },
  'usage-continuous': { finds: [], profile: { stream_options: 'continuous' } },
  'reasoning-apart': { finds: ['reasoning-apart'], profile: { reasoning_tokens: 'excluded' } },
  'reasoning-in-total': { finds: ['reasoning-apart'], profile: { reasoning_tokens: 'excluded' } },
  'reasoning-uncounted': {
    finds: ['reasoning-uncounted'],
    profile: { reasoning_tokens: 'excluded' },
  },

  'no-done': { finds: ['no-done'] },
  'no-finish-reason': { finds: ['no-finish-reason'] },
  'no-end': { finds: ['stream-endless'] },
  'json-for-stream': { finds: ['stream-is-json'] },
  'plain-text-stream': { finds: ['stream-not-typed'] },
  'no-ids': { finds: ['no-ids'] },
  gzip: { finds: ['compressed'] },

  'html-errors': { finds: ['errors-not-json'] },
  'string-errors': { finds: ['errors-odd-shape'] },
  'errors-in-200': { finds: ['errors-in-200'] },
  'errors-as-500': { finds: ['errors-as-500'] },
  'busy-after-abort': {
    finds: ['busy-after-abort'],
    profile: { on_disconnect: 'finish' },
  },

  several: {
    finds: [
      'other-base-url',
      'key-header',
      'no-model-list',
      'usage-missing',
      'only-max-completion-tokens',
      'no-done',
      'stream-options-refused',
      'stream-usage-missing',
      'developer-role-refused',
      'errors-odd-shape',
    ],
    base: '',
    profile: {
      stream_options: 'omit',
      output_limit: 'max_completion_tokens',
      auth_header: 'api-key',
      developer_role: 'system',
    },
  },
}

/** The profile of an upstream without quirks. */
export const PLAIN = {
  stream_options: 'send',
  output_limit: 'as_sent',
  auth_header: 'authorization',
  developer_role: 'keep',
  reasoning_tokens: 'included',
}
