/** One call of docs/api.md, with the answer it shows. */
export type Example = {
  method: string
  path: string
  headers: Headers
  body: string
  answer: Answer
}

type Answer = { status: number; headers: Headers; body: string }

/** What stands for anything. */
const ANY = '…'

/** The calls of a page in order: each `http` block, and the block after it as its answer. */
export function readExamples(page: string): Example[] {
  const blocks = [...page.matchAll(/^```http\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text)
  return Array.from({ length: blocks.length / 2 }, (_, at) => {
    const call = readBlock(blocks[2 * at] as string)
    const answer = readBlock(blocks[2 * at + 1] as string)
    const [method = '', path = ''] = call.start.split(' ')
    const status = Number(answer.start.replace(/^HTTP /, ''))
    return { ...call, method, path, answer: { ...answer, status } }
  })
}

function readBlock(text: string): { start: string; headers: Headers; body: string } {
  const [head = '', ...rest] = text.split('\n\n')
  const [start = '', ...lines] = head.trimEnd().split('\n')
  const headers = new Headers()
  for (const line of lines) {
    const [name = '', ...value] = line.split(': ')
    headers.set(name, encodeURIComponent(value.join(': ')))
  }
  return { start, headers, body: rest.join('\n\n').trim() }
}

/** The values that answers gave to names such as `$KEY`, for the calls after them. */
export class Variables {
  readonly #values: Map<string, string>

  constructor(values: Record<string, string>) {
    this.#values = new Map(Object.entries(values))
  }

  /** The text with the values in place of their names. */
  fill(text: string): string {
    return text.replace(/\$[A-Z_]+/g, (name) => this.#values.get(name) ?? name)
  }

  /** Whether a text is as expected; an unknown name takes its value from it. */
  matches(expected: string, actual: string): boolean {
    const isName = /^\$[A-Z_]+$/.test(expected)
    if (isName && !this.#values.has(expected)) this.#values.set(expected, actual)
    const parts = this.fill(expected)
      .split(ANY)
      .map((part) => RegExp.escape(part))
    return new RegExp(`^${parts.join('[^]*')}$`).test(actual)
  }

  /** Where parsed JSON is not as expected; the member `…` lets others be. */
  differences(expected: unknown, actual: unknown, at = 'body'): string[] {
    if (expected === ANY) return []
    if (typeof expected === 'string' && typeof actual === 'string') {
      return this.matches(expected, actual) ? [] : [`${at} is ${actual}, not ${expected}`]
    }
    if (!isContainer(expected) || !isContainer(actual)) {
      return Object.is(expected, actual) ? [] : [`${at} is ${JSON.stringify(actual)}`]
    }
    const names = new Set(Object.keys(expected))
    const surplus = names.delete(ANY) ? [] : Object.keys(actual).filter((name) => !names.has(name))
    return [
      ...surplus.map((name) => `${at}.${name} is not shown`),
      ...[...names].flatMap((name) =>
        this.differences(expected[name], actual[name], `${at}.${name}`),
      ),
    ]
  }
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
