import { ProxyError } from '../errors.ts'
import { editMembers, topLevelMembers } from './json-members.ts'
import { PLAIN_PROFILE, type Profile } from './profile.ts'
import { measurePrompt, type PromptMeasure } from './prompt.ts'

/** A chat completion request: the fields Tollkeeper reads, and the bytes it forwards. */
export type ChatRequest = {
  /** The body as it arrived, decoded. */
  text: string
  bytes: number
  model: string
  stream: boolean
  /** The client asked for the usage chunk (`stream_options.include_usage === true`). */
  wantsUsage: boolean
  /** The client's output limit in tokens, the lower of both names; null when it set none. */
  outputLimit: number | null
  choices: number
  prompt: PromptMeasure
  messages: unknown
  streamOptions: Record<string, unknown> | null
}

/** Choices a request may ask for: each costs a completion. */
export const CHOICES_MAX = 128
const LIMIT_NAMES = ['max_completion_tokens', 'max_tokens'] as const
const OWNED = new Set(['model', 'stream', 'stream_options', 'messages', 'n', ...LIMIT_NAMES])
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads the body of POST /chat/completions (W-11 to W-14, W-17).
 * @throws ProxyError invalid_json, missing_required_parameter, invalid_value; names the field
 */
export function readChatRequest(body: Uint8Array): ChatRequest {
  const text = decode(body)
  const fields = parseObject(text)
  refuseDuplicates(text)
  const stream = optionalBoolean(fields, 'stream') ?? false
  const streamOptions = optionalObject(fields, 'stream_options')
  return {
    text,
    bytes: body.byteLength,
    model: requiredString(fields, 'model'),
    stream,
    wantsUsage: stream && streamOptions?.include_usage === true,
    outputLimit: outputLimit(fields),
    choices: optionalInteger(fields, 'n', CHOICES_MAX) ?? 1,
    prompt: measurePrompt(requiredArray(fields, 'messages')),
    messages: fields.messages,
    streamOptions,
  }
}

/**
 * The body to send upstream: the client's bytes but for the fields Tollkeeper owns. A stream is
 * asked to report its usage (W-80), a request without a stream must not have `stream_options`
 * (W-81), and a lowered output limit replaces the client's.
 */
export function upstreamBody(
  request: ChatRequest,
  change: { upstreamModel: string; outputLimit: number | null; profile?: Profile },
): string {
  const { profile = PLAIN_PROFILE } = change
  const edits: Record<string, string | null> = limitEdits(request, change.outputLimit, profile)
  if (change.upstreamModel !== request.model) edits.model = JSON.stringify(change.upstreamModel)
  const sendsOptions = request.stream && profile.streamOptions === 'send'
  if (sendsOptions && !request.wantsUsage) {
    edits.stream_options = editMembers(streamOptionsText(request), { include_usage: 'true' })
  }
  if (!sendsOptions && request.streamOptions !== null) edits.stream_options = null
  return Object.keys(edits).length === 0 ? request.text : editMembers(request.text, edits)
}

/** A lowered limit under the names the client used, or under the one the upstream understands. */
function limitEdits(request: ChatRequest, lowered: number | null, { outputLimit }: Profile) {
  const limit = lowered ?? request.outputLimit
  const isChanged = limit !== request.outputLimit
  if (limit === null || (!isChanged && outputLimit === 'as_sent')) return {}
  const named = topLevelMembers(request.text).map((member) => member.key)
  const used = LIMIT_NAMES.filter((name) => named.includes(name))
  const edits: Record<string, string | null> = {}
  if (outputLimit !== 'as_sent') {
    if (!isChanged && used.length === 1 && used[0] === outputLimit) return {}
    for (const name of used) edits[name] = null
    edits[outputLimit] = String(limit)
    return edits
  }
  for (const name of used.length > 0 ? used : ['max_tokens']) edits[name] = String(limit)
  return edits
}

/** The client's `stream_options` as it wrote them. */
function streamOptionsText({ text, streamOptions }: ChatRequest): string {
  const member = topLevelMembers(text).find(({ key }) => key === 'stream_options')
  if (member === undefined || streamOptions === null) return '{}'
  return text.slice(member.valueStart, member.valueEnd)
}

function decode(body: Uint8Array): string {
  try {
    return decoder.decode(body)
  } catch (cause) {
    throw new ProxyError('invalid_json', { message: 'The body is not valid UTF-8.', cause })
  }
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new ProxyError('invalid_json', { cause: withoutQuote(error as Error) })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProxyError('invalid_json', { message: 'The body must be a JSON object.' })
  }
  return value as Record<string, unknown>
}

/** The parser's complaint without the text it quotes: a cause is kept, a prompt never. */
function withoutQuote({ message }: Error): Error {
  const [complaint = ''] = message.split('"', 1)
  return new SyntaxError(complaint.replace(/[,. ]+$/, ''))
}

/** Two parsers may pick different ones of two equal keys: a billing bypass (W-13). */
function refuseDuplicates(text: string): void {
  const seen = new Set<string>()
  for (const { key } of topLevelMembers(text)) {
    if (!OWNED.has(key)) continue
    if (seen.has(key)) throw invalid(key, `The body has the field "${key}" twice.`)
    seen.add(key)
  }
}

function outputLimit(fields: Record<string, unknown>): number | null {
  const limits = LIMIT_NAMES.map((name) => optionalInteger(fields, name, Number.MAX_SAFE_INTEGER))
  const set = limits.filter((limit) => limit !== null)
  return set.length === 0 ? null : Math.min(...set)
}

function requiredString(fields: Record<string, unknown>, name: string): string {
  const value = fields[name]
  if (value === undefined) throw missing(name)
  if (typeof value !== 'string' || value === '') {
    throw invalid(name, `"${name}" must be a non-empty string.`)
  }
  return value
}

function requiredArray(fields: Record<string, unknown>, name: string): unknown[] {
  const value = fields[name]
  if (value === undefined) throw missing(name)
  if (!Array.isArray(value)) throw invalid(name, `"${name}" must be an array.`)
  return value
}

function optionalBoolean(fields: Record<string, unknown>, name: string): boolean | null {
  const value = fields[name] ?? null
  if (value === null || typeof value === 'boolean') return value
  throw invalid(name, `"${name}" must be true or false.`)
}

function optionalObject(
  fields: Record<string, unknown>,
  name: string,
): Record<string, unknown> | null {
  const value = fields[name] ?? null
  if (value === null || (typeof value === 'object' && !Array.isArray(value))) {
    return value as Record<string, unknown> | null
  }
  throw invalid(name, `"${name}" must be an object.`)
}

function optionalInteger(
  fields: Record<string, unknown>,
  name: string,
  max: number,
): number | null {
  const value = fields[name] ?? null
  if (value === null) return null
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max) {
    return value as number
  }
  throw invalid(name, `"${name}" must be a whole number from 1 to ${max}.`)
}

function missing(name: string): ProxyError {
  const message = `The required parameter "${name}" is missing.`
  return new ProxyError('missing_required_parameter', { message, param: name })
}

function invalid(name: string, message: string): ProxyError {
  return new ProxyError('invalid_value', { message, param: name })
}
