import type { ErrorCode } from '../src/errors.ts'

/** When each error is the answer, as docs/errors.md says it. */
export const CAUSES: Record<ErrorCode, string> = {
  missing_api_key:
    'No key in `Authorization`, `api-key` or `x-api-key`. In the body `code` is null.',
  invalid_api_key: 'The key is unknown, revoked or expired, or two different keys were sent.',
  account_suspended: 'The account of the key is suspended or closed.',
  account_frozen: 'The audit found the balance of the account wrong. Its operator has to act.',
  model_not_allowed: 'The tier of the account, or the key, does not allow the model.',
  model_not_found:
    '`GET /v1/models/{id}` of a model that is not listed, or a model whose provider has another API.',
  not_found: 'There is no such object, or it is not of this account.',
  unknown_url: 'No route has this path.',
  method_not_supported: 'The path exists, with other methods: they are in `Allow`.',
  conflict: 'Admin API: the same reference or version was stored with another content.',
  idempotency_key_in_use: 'A request of the account with the same `Idempotency-Key` is running.',
  idempotency_key_reused: 'The `Idempotency-Key` stands for another body or another endpoint.',
  idempotency_answer_gone:
    'The `Idempotency-Key` stands for an answer that was complete and charged, or may have been, and is not kept: too large, made room for others, or lost in a crash. A new key runs it again.',
  overdraft: 'Admin API: a negative adjustment takes more than is available.',
  invalid_json: 'The body is not UTF-8, not JSON, or not an object.',
  invalid_value:
    'A field or header has a wrong type or value, or stands in the body twice or in other letters.',
  missing_required_parameter: 'A field that must be there is not.',
  request_too_large:
    'The body, decoded, is larger than `BODY_LIMIT_BYTES`, or its JSON is so many small values that they take four times that much memory.',
  unsupported_media_type:
    'The `Content-Type` of the body is not `application/json`, or for forms not `multipart/form-data`.',
  unsupported_content_encoding:
    'The `Content-Encoding` of the body is none of gzip, deflate, br and zstd.',
  invalid_content_encoding: 'The body can not be decoded as its `Content-Encoding` says.',
  websocket_not_supported: 'The request asks to upgrade to WebSocket.',
  bad_http: 'The request breaks the rules of HTTP, or its body broke off.',
  request_header_fields_too_large: 'The headers are larger than the server reads.',
  request_timeout: 'The headers or the body took too long to arrive.',
  insufficient_quota:
    'The balance can not pay the request; in a stream: credits, or the spending limit, ran out.',
  spend_limit_reached: 'What the key may spend in this period can not pay the request.',
  credits_held:
    "The balance, or the key's spending limit, could pay, but running requests hold it.",
  rate_limit_exceeded:
    'A limit of requests or tokens a minute of the tier, the key or the upstream.',
  concurrency_limit_exceeded: 'The tier or the key allows no more requests at a time.',
  upstream_rejected: 'The upstream refused the request: its own 4xx status, 409 and 422 as 400.',
  upstream_error: 'The upstream could not be reached, failed, or sent what is no answer.',
  upstream_incomplete: 'The upstream ended a stream without a finish_reason and without `[DONE]`.',
  upstream_misconfigured:
    'The upstream refused our key, or our account is unpaid: by 401, 402, 403, or in words of its own.',
  upstream_timeout: 'Connecting, the first byte, or silence in the answer took too long.',
  ledger_unavailable: 'Postgres or the journal can not be used: nothing runs without a hold.',
  shutting_down:
    'The server was told to stop. What it cuts off at the end of its drain gets it too: with status 500, or in its stream.',
  overloaded:
    'More requests wait for the ledger than the server queues, or bodies in memory fill `BUFFER_BUDGET_BYTES` or what an account may have of it.',
  internal_error: 'A fault of Tollkeeper. The log line with the request id has the stack.',
}
