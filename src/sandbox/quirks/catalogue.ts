import type { Quirk } from './quirk.ts'

/** Milliseconds between chunks where a hang-up has to come before the end. */
const SLOW_MS = 40

/** Milliseconds a server is busy with an answer that nobody reads any more. */
const BUSY_MS = 4_000

const NO_FINISH_REASON = ['"finish_reason":"', '"finished":"'] as const

/** The quirky servers: name -> behaviour. Each is at /quirks/<name>, and answers any model. */
export const QUIRKS = {
  none: { says: 'Does as OpenAI does.' },

  'no-v1': { says: 'Has its endpoints without /v1.', prefix: '' },
  moved: { says: 'Redirects to /v2, where it is.', prefix: '/v2', redirectsTo: '/v2' },
  redirects: { says: 'Redirects to a page.', prefix: '/nowhere', redirectsTo: '/pages' },
  'gateway-down': { says: 'Answers 502 with a page: nothing is behind it.', page: 502 },
  'login-page': { says: 'Answers 200 with a page.', page: 200 },
  'needs-api-version': { says: 'Wants ?api-version= in every call.', query: 'api-version' },
  'api-key-header': { says: 'Wants its key in the header api-key.', key: 'api-key' },
  'x-api-key-header': { says: 'Wants its key in the header x-api-key.', key: 'x-api-key' },
  'refuses-key': { says: 'Refuses every key.', key: 'none' },

  'no-models': { says: 'Has no list of models.', models: 'missing' },
  'bare-models': { says: 'Lists models in a bare array.', models: 'bare' },
  'unknown-model': { says: 'Knows no model.', knowsNoModel: true },

  'rejects-stream-options': { says: 'Answers 400 to stream_options.', rejects: ['stream_options'] },
  'ignores-stream-options': { says: 'Ignores stream_options.', ignores: ['stream_options'] },
  'wants-max-completion-tokens': { says: 'Answers 400 to max_tokens.', rejects: ['max_tokens'] },
  'wants-max-tokens': {
    says: 'Answers 400 to max_completion_tokens.',
    rejects: ['max_completion_tokens'],
  },
  'ignores-max-completion-tokens': {
    says: 'Ignores max_completion_tokens.',
    ignores: ['max_completion_tokens'],
  },
  'ignores-limits': { says: 'Ignores every limit of tokens.', answer: { ignoresLimit: true } },
  'rejects-developer-role': {
    says: 'Answers 400 to the role developer.',
    rejectsRoles: ['developer'],
  },
  'rejects-system-role': {
    says: 'Answers 400 to the roles developer and system.',
    rejectsRoles: ['developer', 'system'],
  },

  'usage-never': { says: 'Never reports usage.', answer: { usage: 'none' } },
  'usage-zero': { says: 'Reports 0 tokens.', answer: { usage: 'zero' } },
  'usage-every-chunk': {
    says: 'Reports cumulative usage in every chunk, unasked.',
    answer: { usageIn: 'every-chunk' },
  },
  'usage-finish-chunk': {
    says: 'Reports usage in the finish chunk, unasked.',
    answer: { usageIn: 'finish-chunk' },
  },
  'usage-x-groq': {
    says: 'Reports usage only as x_groq.usage.',
    answer: { usage: 'x-groq', usageIn: 'finish-chunk' },
  },
  'usage-timings': {
    says: 'Reports usage only as timings, as llama.cpp does.',
    answer: { usage: 'timings', usageIn: 'finish-chunk' },
  },
  'usage-continuous': {
    says: 'Reports usage in every chunk when asked, as vLLM does.',
    reportsContinuously: true,
  },
  'reasoning-apart': {
    says: 'Leaves reasoning out of completion_tokens and total_tokens.',
    answer: { speech: 'reasoning', usage: 'reasoning-apart' },
  },
  'reasoning-in-total': {
    says: 'Leaves reasoning out of completion_tokens, and has it in total_tokens.',
    answer: { speech: 'reasoning', usage: 'without-reasoning' },
  },
  'reasoning-uncounted': {
    says: 'Counts only what it says after reasoning, and tells of no reasoning.',
    answer: { speech: 'reasoning', usage: 'reasoning-uncounted' },
  },

  'no-done': { says: 'Ends a stream without [DONE].', answer: { ending: 'no-done' } },
  'no-finish-reason': { says: 'Gives no finish_reason.', answer: { edit: NO_FINISH_REASON } },
  'no-end': {
    says: 'Ends a stream with neither finish_reason nor [DONE].',
    answer: { edit: NO_FINISH_REASON, ending: 'no-done' },
  },
  'json-for-stream': {
    says: 'Answers with JSON although a stream was asked for.',
    answer: { form: 'whole' },
  },
  'plain-text-stream': {
    says: 'Says text/plain of its answers.',
    answer: { headers: { 'content-type': 'text/plain' } },
  },
  'no-ids': { says: 'Gives its answers no id.', answer: { edit: ['"id":"', '"key":"'] } },
  gzip: { says: 'Compresses its answers, accepted or not.', answer: { gzip: true } },

  'html-errors': { says: 'Sends errors as HTML.', errors: 'html' },
  'string-errors': { says: 'Sends errors that are a string.', errors: 'string' },
  'errors-in-200': { says: 'Sends errors with status 200.', errors: 'in-200' },
  'errors-as-500': { says: 'Answers every mistake 500.', errors: 'as-500' },
  'busy-after-abort': {
    says: 'Generates on after a hang-up, and answers nobody meanwhile.',
    busyMs: BUSY_MS,
    answer: { delayMs: SLOW_MS },
  },

  several: {
    says: 'Is at no /v1, wants api-key and max_completion_tokens, and refuses much.',
    prefix: '',
    key: 'api-key',
    models: 'missing',
    rejects: ['stream_options', 'max_tokens'],
    rejectsRoles: ['developer'],
    errors: 'string',
    answer: { usage: 'none', ending: 'no-done' },
  },
} as const satisfies Readonly<Record<string, Quirk>>

export type QuirkName = keyof typeof QUIRKS

export function findQuirk(name: string): Quirk | null {
  return Object.hasOwn(QUIRKS, name) ? QUIRKS[name as QuirkName] : null
}
