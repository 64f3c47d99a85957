/** Where a client fails by itself: it does the same without Tollkeeper. */
export type ClientFailure = {
  /** The heads of its columns. */
  clients: string[]
  /** `endpoint: title`, as in the table. */
  scenarios: string[]
  why: string
  /** Directly nothing brings it that far: the scenario that shows it without Tollkeeper. */
  shownBy?: string
}

const OPENAI = ['openai 4', 'openai 5', 'openai 6', 'openai 7', 'py openai 1', 'py openai 3']
const ANTHROPIC = ['anthropic', 'ai anthropic', 'py anthropic']
const FORM_SENT_TWICE =
  'It can not send a form twice: its second try waits for a body that is gone.'

export const CLIENT_FAILURES: ClientFailure[] = [
  {
    clients: [...OPENAI, 'ai openai', 'ai compat', 'langchain'],
    scenarios: ['chat: finish_reason "", stream'],
    why: 'It shows its user the empty reason, or none that says why the answer ended.',
  },
  {
    clients: ['ai openai', 'ai compat', 'langchain'],
    scenarios: ['chat', 'responses'].flatMap((endpoint) => [
      `${endpoint}: a big integer for a tool`,
      `${endpoint}: a big integer for a tool, stream`,
    ]),
    why: 'It gives the arguments of a tool as JSON.parse reads them: large integers are rounded.',
  },
  {
    clients: ['langchain'],
    scenarios: ['responses: failed midway, stream'],
    why: 'It takes what came before `response.failed` for the answer.',
  },
  {
    clients: ANTHROPIC,
    scenarios: [
      'messages: no usage from the upstream',
      'messages: no usage from the upstream, stream',
    ],
    why: 'It reads the usage without a look whether there is one.',
  },
  {
    clients: ['openai 4'],
    scenarios: [
      ...['429', '500', '500, a string', '503', '502 in HTML'].map(
        (status) => `transcription: upstream ${status}`,
      ),
    ],
    why: FORM_SENT_TWICE,
  },
  {
    clients: ['openai 4'],
    scenarios: ['transcription: an error in a 200', 'transcription: HTML in a 200'],
    why: FORM_SENT_TWICE,
    shownBy: 'transcription: upstream 500',
  },
]

/** How a client is known to fail by itself in the scenario of this endpoint and title. */
export function knownFailure(
  client: string,
  endpoint: string,
  title: string,
): ClientFailure | undefined {
  return CLIENT_FAILURES.find(
    ({ clients, scenarios }) =>
      clients.includes(client) && scenarios.includes(`${endpoint}: ${title}`),
  )
}
