/** What a client saw of a stream. */
export type Seen = {
  requestId: string
  status: number
  text: string
  /** The kinds of its events, runs of one kind as one: text, finish, usage, error, done. */
  kinds: string[]
  usage: { prompt_tokens: number; completion_tokens: number } | null
  error: { code: string; type: string } | null
}

/** Reads a stream to its end, or a plain answer, which is one chunk. */
export async function readStream(response: Response): Promise<Seen> {
  const seen: Seen = {
    requestId: response.headers.get('x-request-id') as string,
    status: response.status,
    text: '',
    kinds: [],
    usage: null,
    error: null,
  }
  const events = (await response.text()).split('\n\n').filter((event) => event !== '')
  for (const event of events) {
    const kind = take(seen, event.replace(/^data: /, ''))
    if (seen.kinds.at(-1) !== kind) seen.kinds.push(kind)
  }
  return seen
}

function take(seen: Seen, data: string): string {
  if (data === '[DONE]') return 'done'
  const chunk = JSON.parse(data)
  if (chunk.error) {
    seen.error = chunk.error
    return 'error'
  }
  const [choice] = chunk.choices
  if (choice === undefined) {
    seen.usage = chunk.usage
    return 'usage'
  }
  seen.text += (choice.delta ?? choice.message).content ?? ''
  return choice.finish_reason === null ? 'text' : 'finish'
}
