/** Steps counted since the last reset: a byte or character that a native function looked at. */
let steps = 0

/**
 * Counts the work of the functions that a scanner can spend time in: what is searched, copied,
 * decoded or parsed counts its length, what is looked at one by one counts one.
 */
export function countWork(): void {
  const search = (from: unknown, length: number, found: number) => {
    const start = typeof from === 'number' ? from : 0
    steps += Math.max(0, (found === -1 ? length : found + 1) - start)
  }
  replace(Buffer.prototype, 'indexOf', (original) => {
    return function (this: Buffer, value: never, from?: never) {
      const found = original.call(this, value, from)
      search(from, this.length, found)
      return found
    }
  })
  replace(String.prototype, 'indexOf', (original) => {
    return function (this: string, value: never, from?: never) {
      const found = original.call(this, value, from)
      search(from, this.length, found)
      return found
    }
  })
  replace(String.prototype, 'charCodeAt', (original) => {
    return function (this: string, at: number) {
      steps += 1
      return original.call(this, at)
    }
  })
  replace(Buffer.prototype, 'copy', (original) => {
    return function (this: Buffer, ...given: Parameters<Buffer['copy']>) {
      const copied = original.apply(this, given)
      steps += copied
      return copied
    }
  })
  replace(Buffer.prototype, 'toString', (original) => {
    return function (this: Buffer, encoding?: BufferEncoding, start = 0, end = this.length) {
      steps += end - start
      return original.call(this, encoding, start, end)
    }
  })
  replace(JSON, 'parse', (original) => {
    return (text: string) => {
      steps += text.length
      return original(text)
    }
  })
}

/** What a function costs, in steps. */
export function workOf(run: () => void): number {
  steps = 0
  run()
  return steps
}

function replace<Owner, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  by: (original: Owner[Name]) => unknown,
): void {
  owner[name] = by(owner[name]) as Owner[Name]
}
