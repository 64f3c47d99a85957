import { errorJson } from '../problem.ts'
import { ASKED_TYPE, cannedError, garbage, HTML_TYPE, htmlPage, JSON_TYPE } from './canned.ts'
import type { Canned, Card } from './card.ts'

const canned = (says: string, reply: Canned): Card => ({ kind: 'canned', says, ...reply })

const INVALID = 'invalid_request_error'
const SERVER = 'server_error'
const IN_200 = errorJson('The upstream failed but answered 200.', SERVER)

/** The cards that answer every request with the same bytes: errors, and what is no answer. */
export const CANNED_CARDS: Readonly<Record<string, Card>> = {
  'sandbox-error-400': canned('Answers 400.', cannedError(400, 'This request is wrong.', INVALID)),
  'sandbox-error-401': canned(
    'Answers 401 invalid_api_key.',
    cannedError(401, 'Incorrect API key provided.', INVALID, 'invalid_api_key'),
  ),
  'sandbox-error-402': canned(
    'Answers 402: the upstream account is out of money.',
    cannedError(402, 'Insufficient Balance', 'insufficient_quota', 'insufficient_quota'),
  ),
  'sandbox-error-403': canned(
    'Answers 403.',
    cannedError(403, 'You may not use this model.', INVALID, 'permission_denied'),
  ),
  'sandbox-error-404': canned(
    'Answers 404 model_not_found.',
    cannedError(404, 'The model does not exist.', INVALID, 'model_not_found'),
  ),
  'sandbox-error-422': canned('Answers 422 with the error shape of FastAPI.', {
    status: 422,
    contentType: JSON_TYPE,
    body: '{"detail":[{"loc":["body","messages"],"msg":"field required","type":"missing"}]}',
  }),
  'sandbox-error-429': canned(
    'Answers 429 with Retry-After: 7.',
    cannedError(429, 'Slow down.', 'requests', 'rate_limit_exceeded', { 'retry-after': '7' }),
  ),
  'sandbox-error-429-hour': canned(
    'Answers 429 with Retry-After: 3600.',
    cannedError(429, 'Slow down.', 'requests', 'rate_limit_exceeded', { 'retry-after': '3600' }),
  ),
  'sandbox-error-429-quota': canned(
    'Answers 429 insufficient_quota.',
    cannedError(429, 'You exceeded your quota.', 'insufficient_quota', 'insufficient_quota'),
  ),
  'sandbox-error-500': canned('Answers 500.', cannedError(500, 'The server had an error.', SERVER)),
  'sandbox-error-503': canned(
    'Answers 503.',
    cannedError(503, 'Overloaded.', SERVER, 'overloaded'),
  ),
  'sandbox-error-string': canned('Answers 500 with an error that is a string.', {
    status: 500,
    contentType: JSON_TYPE,
    body: '{"error":"model runner has stopped"}',
  }),
  'sandbox-error-number': canned('Answers 400 with a code that is a number.', {
    status: 400,
    contentType: JSON_TYPE,
    body: '{"error":{"message":"bad","type":"BadRequestError","param":null,"code":400}}',
  }),
  'sandbox-error-leak': canned('Answers 400 and repeats the Authorization header it got.', {
    status: 400,
    contentType: JSON_TYPE,
    body: (authorization) => errorJson(`Refused: ${authorization} at http://10.0.0.1`, INVALID),
  }),
  'sandbox-html-error': canned('Answers 502 with an HTML page.', {
    status: 502,
    contentType: HTML_TYPE,
    body: htmlPage('502 Bad Gateway'),
  }),
  'sandbox-html-200': canned('Answers 200 with an HTML page.', {
    status: 200,
    contentType: HTML_TYPE,
    body: htmlPage('Please sign in'),
  }),
  'sandbox-error-in-200': canned('Answers 200 with a JSON error, to a stream too.', {
    status: 200,
    contentType: JSON_TYPE,
    body: IN_200,
  }),
  'sandbox-empty-200': canned('Answers 200 with no bytes.', {
    status: 200,
    contentType: ASKED_TYPE,
    body: '',
  }),
  'sandbox-garbage': canned('Answers 200 with bytes that are neither SSE nor JSON.', {
    status: 200,
    contentType: ASKED_TYPE,
    body: garbage(4096),
  }),
  'sandbox-redirect': canned('Answers 307 to another path.', {
    status: 307,
    contentType: JSON_TYPE,
    headers: { location: '/v1/elsewhere' },
    body: '{}',
  }),
}
