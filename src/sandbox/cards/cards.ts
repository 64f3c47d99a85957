import { CANNED_CARDS } from './canned-cards.ts'
import type { AnswerTraits, Card } from './card.ts'

const NO_TRAITS: AnswerTraits = {}
const answer = (says: string, traits = NO_TRAITS): Card => ({ kind: 'answer', says, ...traits })

const NOISE = ': ping\n\nevent: ping\n\ndata:\n\nid: 7\nretry: 10\n\n'
const AZURE =
  '{"choices":[],"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}'
const LEAKING_HEADERS = {
  'set-cookie': 'upstream=1; Path=/',
  server: 'sandbox',
  via: '1.1 sandbox',
  'cf-ray': '0-SBX',
  'openai-organization': 'org-sandbox',
  'x-ratelimit-remaining-requests': '9999',
}

/** What a model name without a card of its own does. */
const ECHO = answer('Repeats the last user message, or says a stock sentence.')

/** The test cards: model name -> behaviour. After a fault a JSON answer is a 500 or half a text. */
export const CARDS: Readonly<Record<string, Card>> = {
  'sandbox-echo': ECHO,
  'sandbox-slow': answer('Sends a chunk every 100 ms.', { speech: 'stock', delayMs: 100 }),
  'sandbox-tool-call': answer('Calls a tool.', { speech: 'tool-call' }),
  'sandbox-tool-big-int': answer('Calls a tool with a number that no double can be.', {
    speech: 'tool-call',
    arguments: '{"city":"Oslo","id":9007199254740993}',
  }),
  'sandbox-reasoning': answer('Reasons, and reports 64 more reasoning tokens than it shows.', {
    speech: 'reasoning',
  }),
  'sandbox-web-search': answer('Searches the web twice, in a response or a message.', {
    searches: 2,
  }),
  'sandbox-web-search-cut': answer('The same, and destroys the socket after 3 chunks.', {
    searches: 2,
    fault: 'cut',
  }),
  'sandbox-search-sources': answer('Reports 3 sources that it searched, as xAI does.', {
    usage: 'sources',
  }),
  'sandbox-ignores-limit': answer('Ignores the limit of tokens.', {
    speech: 'stock',
    ignoresLimit: true,
  }),
  'sandbox-hang': { kind: 'hang', says: 'Accepts the request and never answers.' },

  'sandbox-no-usage': answer('Never reports usage.', { usage: 'none' }),
  'sandbox-usage-null': answer('Reports usage null.', { usage: 'null' }),
  'sandbox-usage-zero': answer('Reports 0 tokens.', { usage: 'zero' }),
  'sandbox-usage-negative': answer('Reports negative tokens.', { usage: 'negative' }),
  'sandbox-usage-string': answer('Reports tokens as strings.', { usage: 'string' }),
  'sandbox-usage-nan': answer('Reports 1e308 and "NaN" tokens.', { usage: 'absurd' }),
  'sandbox-usage-every-chunk': answer('Reports cumulative usage in every chunk, unasked.', {
    usageIn: 'every-chunk',
  }),
  'sandbox-usage-shrinking': answer('Reports half at the end of what it reported before.', {
    usage: 'shrinking',
    usageIn: 'every-chunk',
  }),
  'sandbox-usage-total-only': answer('Reports only total_tokens 0, in every chunk.', {
    usage: 'total-only',
    usageIn: 'every-chunk',
  }),
  'sandbox-usage-finish-chunk': answer('Reports usage in the finish chunk, unasked.', {
    usageIn: 'finish-chunk',
  }),
  'sandbox-usage-x-groq': answer('Reports usage only as x_groq.usage, in the finish chunk.', {
    usage: 'x-groq',
    usageIn: 'finish-chunk',
  }),
  'sandbox-usage-without-reasoning': answer('Leaves reasoning out of completion_tokens.', {
    speech: 'reasoning',
    usage: 'without-reasoning',
  }),

  ...CANNED_CARDS,

  'sandbox-error-first': answer('Answers 200, and its first event is an error.', {
    fault: 'error',
    faultAt: 0,
  }),
  'sandbox-error-midstream': answer('Sends an error event after 3 chunks.', { fault: 'error' }),
  'sandbox-error-choices': answer('Sends an error event that has choices too, after 3 chunks.', {
    fault: 'error-with-choices',
  }),
  'sandbox-error-field': answer('Sends an SSE field error: instead of data:, after 3 chunks.', {
    fault: 'error-field',
  }),
  'sandbox-failed': answer('Says in an event that the response has failed, after 3 chunks.', {
    fault: 'failed',
  }),
  'sandbox-cut-midstream': answer('Destroys the socket after 3 chunks.', { fault: 'cut' }),
  'sandbox-garbage-midstream': answer('Sends an event that is not JSON after 3 chunks.', {
    fault: 'garbage',
  }),
  'sandbox-hang-midstream': answer('Falls silent after 3 chunks.', { fault: 'silence' }),
  'sandbox-end-without-finish': answer('Ends after 3 chunks without finish_reason and [DONE].', {
    fault: 'end',
  }),
  'sandbox-no-done': answer('Ends without [DONE].', { ending: 'no-done' }),
  'sandbox-unended-done': answer('Ends without a blank line after [DONE].', {
    ending: 'unended-done',
  }),
  'sandbox-after-done': answer('Sends an event after [DONE].', { ending: 'done-then-more' }),
  'sandbox-hang-after-done': answer('Never ends after [DONE].', { ending: 'done-then-silence' }),

  'sandbox-json-for-stream': answer('Answers with JSON although a stream was asked for.', {
    form: 'whole',
  }),
  'sandbox-stream-for-json': answer('Answers with a stream although JSON was asked for.', {
    form: 'stream',
  }),
  'sandbox-floats': answer('Sends embeddings as numbers, whatever was asked for.', {
    embeds: 'floats',
  }),
  'sandbox-rejects-stream-options': answer('Answers 400 to stream_options.', {
    rejects: 'stream_options',
  }),
  'sandbox-rejects-max-completion-tokens': answer('Answers 400 to max_completion_tokens.', {
    rejects: 'max_completion_tokens',
  }),
  'sandbox-crlf': answer('Writes CRLF line ends, comments and data of several lines.', {
    dress: { open: ': ping\r\n\r\ndata: ', close: '\r\n\r\n', split: '\r\ndata: ' },
  }),
  'sandbox-cr': answer('Writes CR line ends and no space after data:.', {
    dress: { open: 'data:', close: '\r\r' },
  }),
  'sandbox-noise': answer('Writes a comment, a ping, empty data, id and retry before each event.', {
    dress: { open: `${NOISE}data: `, close: '\n\n' },
  }),
  'sandbox-no-newline': answer('Never ends a line of its stream.', {
    dress: { open: 'data: ', close: ' ' },
  }),
  'sandbox-fragments': answer('Writes 3 bytes of its stream at a time.', { fragmentBytes: 3 }),
  'sandbox-gzip': answer('Compresses its answer with gzip, accepted or not.', { gzip: true }),
  'sandbox-stale-gzip': answer('Says Content-Encoding: gzip of an answer that is not.', {
    headers: { 'content-encoding': 'gzip' },
  }),
  'sandbox-text-plain': answer('Says text/plain of its answer.', {
    headers: { 'content-type': 'text/plain' },
  }),
  'sandbox-headers': answer('Sends headers that must not reach a client.', {
    headers: LEAKING_HEADERS,
  }),
  'sandbox-azure-first': answer('Sends a first chunk with empty choices, as Azure does.', {
    prelude: AZURE,
  }),
  'sandbox-error-null': answer('Has "error": null in every chunk.', {
    edit: ['"choices":', '"error":null,"choices":'],
  }),
  'sandbox-no-choices': answer('Sends chunks without choices.', {
    edit: ['"choices":', '"parts":'],
  }),
  'sandbox-no-index': answer('Sends choices without index.', { edit: ['{"index":0,', '{'] }),
  'sandbox-role-empty': answer('Sends role "".', { edit: ['"role":"assistant"', '"role":""'] }),
  'sandbox-finish-empty': answer('Sends finish_reason "".', {
    edit: ['"finish_reason":"stop"', '"finish_reason":""'],
  }),
  'sandbox-tool-no-index': answer('Calls a tool without index.', {
    speech: 'tool-call',
    edit: ['"tool_calls":[{"index":0,', '"tool_calls":[{'],
  }),
}

/** The card of a model name; any name that is not in the table is an echo. */
export function findCard(model: string): Card {
  return (Object.hasOwn(CARDS, model) ? CARDS[model] : undefined) ?? ECHO
}
