import type { Answer } from '../wire/answers/answer.ts'
import type { BodyType } from '../wire/content-type.ts'
import type { ErrorShape } from '../wire/error-shape.ts'
import type { Profile } from '../wire/profile.ts'
import type { Change, MeteredRequest } from '../wire/requests/metered-request.ts'
import type { PromptText } from '../wire/requests/prompt.ts'
import type { StreamTap, TapOptions } from '../wire/sse/stream-tap.ts'

/**
 * All that Tollkeeper knows of one endpoint. Everything else, from the limits to the settlement, is
 * one path that all endpoints share.
 */
export type Endpoint<Request extends MeteredRequest = MeteredRequest> = {
  /** Below /v1 here, and below the base URL of the upstream. */
  path: string
  /** What it answers, in words: for the record of an upstream that answered something else. */
  answers: string
  /** Whose API it belongs to: it goes only to providers that speak it. */
  api: 'openai' | 'anthropic'
  /** How a body is sent. */
  takes: BodyType
  /** Bytes of a body, where fewer are allowed than of others. */
  bodyBytesMax?: number
  /** Bytes of an event, where events carry images. */
  eventBytesMax?: number
  /** It costs nothing; it is limited and recorded like all others. */
  isFree?: true
  /** Its answer may be neither JSON nor events, and is passed on as it comes. */
  answersBytes?: true
  /** How its clients are told of an error. */
  errors: ErrorShape
  /**
   * Reads what routes, bounds and meters a request.
   * @param contentType with the boundary of a multipart body
   * @throws ProxyError invalid_json, missing_required_parameter, invalid_value; names the field
   */
  read(body: Uint8Array, contentType: string): Request
  /** The text of the prompt, for an exact count; null where no tokenizer can count it. */
  promptText(request: Request): PromptText | null
  /** The body to send upstream: the client's bytes but for what has to change. */
  upstreamBody(request: Request, change: Change): string | Uint8Array
  /**
   * Reads an answer that came in one piece. Never throws.
   * @param alias the public model name where the upstream uses another (W-18)
   * @param reasoningTokens whether the tokens that are reported have reasoning among them
   */
  readAnswer(
    body: string,
    request: Request,
    alias: string | null,
    reasoningTokens: Profile['reasoningTokens'],
  ): Answer
  /** Reads an answer that comes as an event stream; left out where there is none. */
  tap?(request: Request, options: TapOptions): StreamTap
}
