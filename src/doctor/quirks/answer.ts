import { type Entry, SAVED } from './entry.ts'

/** What an upstream answers, and how it keeps to what was asked. */
export const ANSWER_QUIRKS = {
  'completion-fails': {
    about: 'completion',
    verdict: 'fault',
    follows: 'No call works. Nothing is charged for calls that fail so.',
  },
  'not-a-completion': {
    about: 'completion',
    verdict: 'fault',
    follows:
      'Customers would get 502 upstream_error, and pay nothing. It may be a page of a login, ' +
      'or a gateway.',
  },
  compressed: {
    about: 'completion',
    verdict: 'fault',
    follows:
      'It compresses although it was told not to, so answers can be neither read nor charged. ' +
      'Turn compression off there.',
  },
  'no-ids': {
    about: 'completion',
    verdict: 'quirk',
    follows: 'Clients find no id in an answer. The header x-request-id leads to its record.',
  },
  'usage-missing': {
    about: 'usage',
    verdict: 'quirk',
    follows:
      'Answers in one piece are charged by an estimate: 4 characters a token, or what ' +
      'OPENAI_CUSTOM_TOKEN_ESTIMATION says.',
  },
  'usage-in-x-groq': {
    about: 'usage',
    verdict: 'quirk',
    follows: 'It is read from there, and charged exactly.',
  },
  'usage-in-timings': {
    about: 'usage',
    verdict: 'quirk',
    follows: 'It is read from there, and charged exactly.',
  },
  'only-max-tokens': {
    about: 'output_limit',
    verdict: 'quirk',
    follows: `${SAVED}: a limit by either name is sent as max_tokens.`,
  },
  'only-max-completion-tokens': {
    about: 'output_limit',
    verdict: 'quirk',
    follows: `${SAVED}: a limit by either name is sent as max_completion_tokens.`,
  },
  'no-limit': {
    about: 'output_limit',
    verdict: 'fault',
    follows:
      'A call may cost more than was held for it. A stream is cut off where credits end; of an ' +
      'answer in one piece, what the account can not pay is your loss.',
  },
  'reasoning-apart': {
    about: 'reasoning',
    verdict: 'quirk',
    follows: `${SAVED}: reasoning is charged on top of completion_tokens.`,
  },
  'reasoning-uncounted': {
    about: 'reasoning',
    verdict: 'quirk',
    follows: `${SAVED}: reasoning that was delivered is counted, 4 characters a token, and charged.`,
  },
  'usage-too-small': {
    about: 'reasoning',
    verdict: 'fault',
    follows: 'What is reported is charged, and it is less than was delivered: compare the invoice.',
  },
  'developer-role-refused': {
    about: 'developer_role',
    verdict: 'quirk',
    follows: `${SAVED}: such messages are sent with the role system.`,
  },
  'system-role-refused': {
    about: 'developer_role',
    verdict: 'fault',
    follows: 'Requests with a system or developer message fail, with the words of the upstream.',
  },
  'errors-in-200': {
    about: 'errors',
    verdict: 'quirk',
    follows: 'They are told from answers: customers get an error with a status, and pay nothing.',
  },
  'errors-not-json': {
    about: 'errors',
    verdict: 'quirk',
    follows: 'Customers get a JSON error with the right status, and the words are lost.',
  },
  'errors-odd-shape': {
    about: 'errors',
    verdict: 'quirk',
    follows: 'They are read, and customers get them in the shape of OpenAI.',
  },
  'errors-as-500': {
    about: 'errors',
    verdict: 'quirk',
    follows: 'A mistake of a client looks like a failure of the upstream, and SDKs try it again.',
  },
  'busy-after-abort': {
    about: 'abort',
    verdict: 'quirk',
    follows:
      'It seems to generate on after a hang-up, while others wait, and may bill it. The profile ' +
      'takes care of it: the answer is read on, within bounds, and its customer pays for it.',
  },
} as const satisfies Record<string, Entry>
