import { type Entry, SAVED } from './entry.ts'

/** Where an upstream is, and what it wants before it answers. */
export const PLACE_QUIRKS = {
  'address-refused': {
    about: 'base_url',
    verdict: 'fault',
    follows:
      'Tollkeeper calls public addresses only: name this one in UPSTREAM_ALLOW_CIDRS if it is yours.',
  },
  unreachable: {
    about: 'base_url',
    verdict: 'fault',
    follows: 'No call can work. Check host, port, TLS and firewall from the machine of Tollkeeper.',
  },
  'server-down': {
    about: 'base_url',
    verdict: 'fault',
    follows:
      'A gateway answers, and no model server behind it. Start that, or repair the way to it.',
  },
  redirect: {
    about: 'base_url',
    verdict: 'fault',
    follows:
      'Redirects are not followed: they turn a POST into a GET, and carry the key elsewhere. ' +
      'Use the address it leads to, if you trust it.',
  },
  'no-endpoint': {
    about: 'base_url',
    verdict: 'fault',
    follows: 'It is no OpenAI-compatible base URL. Look it up in the documentation of the server.',
  },
  'other-base-url': {
    about: 'base_url',
    verdict: 'quirk',
    follows: 'Use the base URL named here. With the one that was given, every call fails.',
  },
  'api-version': {
    about: 'api_version',
    verdict: 'quirk',
    follows: 'It stands in the base URL, and goes with every call.',
  },
  'other-api-version': {
    about: 'api_version',
    verdict: 'fault',
    follows: 'Look the version up, and give it in the base URL: ?api-version=...',
  },
  'key-missing': {
    about: 'key',
    verdict: 'fault',
    follows: 'Give a key: --api-key - reads it from standard input.',
  },
  'key-refused': {
    about: 'key',
    verdict: 'fault',
    follows: 'The key is wrong, or not for this. Customers would get 502 upstream_misconfigured.',
  },
  'key-header': {
    about: 'key',
    verdict: 'quirk',
    follows: `${SAVED}: the key goes into that header.`,
  },
  'no-model-list': {
    about: 'models',
    verdict: 'quirk',
    follows:
      'Nothing breaks: customers see the models you route, and you have to know their names.',
  },
  'odd-model-list': {
    about: 'models',
    verdict: 'quirk',
    follows: 'Nothing breaks here. SDKs that read the list directly find it empty.',
  },
  'no-model': {
    about: 'models',
    verdict: 'fault',
    follows: 'Nothing more could be asked: name a model with --model.',
  },
} as const satisfies Record<string, Entry>
