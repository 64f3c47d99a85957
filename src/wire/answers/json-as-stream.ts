type Members = Record<string, unknown>
type Completion = Members & { choices: unknown[] }

/**
 * The event stream that says the same as a chat completion or a completion that came in one piece,
 * for a client that asked for a stream (W-69): with nothing made up.
 * @param body JSON with an array of `choices`
 * @param usage the `usage` of a last chunk; null sends none
 */
export function jsonAsStream(body: string, usage: unknown): string {
  const { choices, usage: _, error: __, ...rest } = JSON.parse(body) as Completion
  const all = choices.map((choice) => (isMembers(choice) ? choice : {}))
  const isChat = !all.some(({ text }) => typeof text === 'string')
  const deltas = isChat ? all.flatMap(deltasOf) : all
  const chunks: Members[] = deltas.map((one) => ({ choices: [one] }))
  if (usage !== null) chunks.push({ choices: [], usage })
  const envelope = isChat ? { ...rest, object: 'chat.completion.chunk' } : rest
  const events = chunks.map((chunk) => `data: ${JSON.stringify({ ...envelope, ...chunk })}\n\n`)
  return `${events.join('')}data: [DONE]\n\n`
}

/** Of a choice of a chat its role, its message and its finish_reason, as the upstream sent them. */
function deltasOf(choice: Members, position: number): Members[] {
  const { index = position, message, finish_reason = null, ...rest } = choice
  const { role = 'assistant', ...said } = isMembers(message) ? message : {}
  const content = typeof said.content === 'string' ? '' : null
  return [
    { index, delta: { role, content }, finish_reason: null },
    { ...rest, index, delta: deltaOf(said), finish_reason: null },
    { index, delta: {}, finish_reason },
  ]
}

/** A message as a delta: without what it leaves empty, and its tool calls numbered (W-72). */
function deltaOf(said: Members): Members {
  const delta = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null))
  if (!Array.isArray(said.tool_calls)) return delta
  const calls = said.tool_calls.filter(isMembers)
  return { ...delta, tool_calls: calls.map((call, index) => ({ index, ...call })) }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
