import { type Entry, SAVED } from './entry.ts'

/** How an upstream streams, and what it reports of that. */
export const STREAM_QUIRKS = {
  'stream-fails': {
    about: 'stream',
    verdict: 'fault',
    follows: 'Customers who ask for a stream get an error. Calls without one may work.',
  },
  'stream-not-typed': {
    about: 'stream',
    verdict: 'fault',
    follows:
      'A stream has to say Content-Type: text/event-stream, or nobody takes it for one: ' +
      'customers would get 502 upstream_error.',
  },
  'stream-endless': {
    about: 'stream',
    verdict: 'fault',
    follows:
      'Without [DONE] and finish_reason nobody can tell a complete answer from one that was cut ' +
      'off. Customers get an error at its end, and pay for what was delivered.',
  },
  'stream-is-json': {
    about: 'stream',
    verdict: 'quirk',
    follows: 'Customers get a stream made of it, all at once.',
  },
  'no-done': {
    about: 'stream',
    verdict: 'quirk',
    follows: 'A stream whose choices all have a finish_reason is complete: [DONE] is added.',
  },
  'no-finish-reason': {
    about: 'stream',
    verdict: 'quirk',
    follows: 'Charged as ever. Clients can not tell an answer at its limit from one that ended.',
  },
  buffered: {
    about: 'stream',
    verdict: 'quirk',
    follows:
      'Customers wait for the whole answer. A proxy in front of the model collects it: turn its ' +
      'buffering off.',
  },
  'stream-options-refused': {
    about: 'stream_options',
    verdict: 'quirk',
    follows: `${SAVED}: they are left out, also where a customer sends them.`,
  },
  'stream-usage-missing': {
    about: 'stream_usage',
    verdict: 'quirk',
    follows:
      'Streams are charged by an estimate: 4 characters a token, or what ' +
      'OPENAI_CUSTOM_TOKEN_ESTIMATION says. Customers who ask for usage get the estimate.',
  },
  'stream-usage-unusable': {
    about: 'stream_usage',
    verdict: 'quirk',
    follows: 'What is no count of tokens is not believed: streams are charged by an estimate.',
  },
  'usage-every-chunk': {
    about: 'stream_usage',
    verdict: 'quirk',
    follows:
      'The reports are cumulative, so the largest counts, and once. Customers get one at the ' +
      'end: some clients would add them up.',
  },
  'usage-in-finish-chunk': {
    about: 'stream_usage',
    verdict: 'quirk',
    follows: 'It is charged exactly. Customers get it in a chunk of its own, as at OpenAI.',
  },
  'stream-usage-in-x-groq': {
    about: 'stream_usage',
    verdict: 'quirk',
    follows: 'It is read from there, and charged exactly. Customers get it where OpenAI has it.',
  },
  'stream-usage-in-timings': {
    about: 'stream_usage',
    verdict: 'quirk',
    follows: 'It is read from there, and charged exactly. Customers get it where OpenAI has it.',
  },
} as const satisfies Record<string, Entry>
