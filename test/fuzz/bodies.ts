import assert from 'node:assert/strict'
import type { Endpoint } from '../../src/endpoints/endpoint.ts'
import { ENDPOINTS } from '../../src/endpoints/index.ts'
import { ProxyError } from '../../src/errors.ts'
import { topLevelMembers } from '../../src/wire/json/json-members.ts'
import type { Change, MeteredRequest } from '../../src/wire/requests/metered-request.ts'
import { bodyOf } from './json-bodies.ts'
import { Random } from './random.ts'

const TAKES_JSON = ENDPOINTS.filter(({ takes }) => takes === 'application/json')

/** The members of a body that an endpoint may change on its way upstream. */
const OWNED = [
  ...['model', 'stream_options', 'max_tokens', 'max_completion_tokens', 'max_output_tokens'],
  ...['encoding_format', 'stream', 'store', 'messages'],
]

/**
 * Reads a body as an endpoint does, and makes of it what goes upstream. It is either refused, with
 * an error that is the client's own and names what is wrong, or leaves as JSON in which nothing
 * but what we own has changed by a byte.
 */
export function tryBody(seed: number): void {
  const random = new Random(seed)
  const endpoint = random.pick(TAKES_JSON)
  const body = bodyOf(random)
  const request = read(endpoint, body)
  if (request === null) return
  assertBounded(request)
  endpoint.promptText(request)
  const change: Change = {
    upstreamModel: random.oneIn(2) ? request.model : 'another',
    outputLimit: random.oneIn(2) ? null : 1 + random.below(100),
  }
  const sent = endpoint.upstreamBody(request, change)
  assert.equal(typeof sent, 'string')
  assert.equal(JSON.parse(sent as string).model, change.upstreamModel)
  assert.deepEqual(kept(sent as string), kept(body.toString()))
}

function read(endpoint: Endpoint, body: Buffer): MeteredRequest | null {
  try {
    return endpoint.read(body, 'application/json')
  } catch (error) {
    assert.ok(error instanceof ProxyError, `${endpoint.path} threw ${error}`)
    assert.ok(error.status >= 400 && error.status < 500, `${endpoint.path}: ${error.status}`)
    assert.notEqual(error.message, '')
    return null
  }
}

/** Numbers that a hold is computed from are numbers. */
function assertBounded({ choices, outputLimit, fixedOutput, prompt }: MeteredRequest): void {
  for (const count of [choices, outputLimit, fixedOutput, ...Object.values(prompt)]) {
    assert.ok(count === null || (Number.isSafeInteger(count) && count >= 0), `counts ${count}`)
  }
}

/** The members nobody owns, as they are written, in their order. */
function kept(json: string): string[] {
  return topLevelMembers(json)
    .filter(({ key }) => !OWNED.includes(key))
    .map(({ start, valueEnd }) => json.slice(start, valueEnd))
}
