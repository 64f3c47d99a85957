export type ReportedUsage = { promptTokens: number; completionTokens: number }

type Body = {
  choices?: { delta?: { content?: string }; message?: { content?: string } }[]
  usage?: { prompt_tokens: number; completion_tokens: number } | null
  error?: { code: string | null }
}

/** Reads an answer as an SDK would: the text, the usage, the error, and whether it is complete. */
export class AnswerReader {
  characters = 0
  usage: ReportedUsage | null = null
  errorCode: string | null = null
  isComplete = false
  readonly #decoder = new TextDecoder()
  #isStream: boolean
  #rest = ''

  constructor(isStream: boolean) {
    this.#isStream = isStream
  }

  /** The head has come: an error is never a stream. */
  begin(status: number): void {
    this.#isStream &&= status === 200
  }

  push(chunk: Uint8Array): void {
    this.#rest += this.#decoder.decode(chunk, { stream: true })
    if (!this.#isStream) return
    const events = this.#rest.split('\n\n')
    this.#rest = events.pop() ?? ''
    for (const event of events) this.#readEvent(event)
  }

  /** The answer has ended without a fault of the connection. */
  end(): void {
    if (this.#isStream) return
    this.#readBody(JSON.parse(this.#rest))
    this.isComplete = this.errorCode === null
  }

  #readEvent(event: string): void {
    if (!event.startsWith('data: ')) return
    const data = event.slice('data: '.length)
    if (data === '[DONE]') this.isComplete = true
    else this.#readBody(JSON.parse(data))
  }

  #readBody({ choices, usage, error }: Body): void {
    for (const { delta, message } of choices ?? []) {
      this.characters += (delta ?? message)?.content?.length ?? 0
    }
    if (usage) {
      this.usage = {
        promptTokens: usage.prompt_tokens,
        completionTokens: usage.completion_tokens,
      }
    }
    if (error) this.errorCode = error.code ?? 'no code'
  }
}
