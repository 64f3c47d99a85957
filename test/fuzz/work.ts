/** Steps counted since the last reset: a byte or a character that was looked at. */
let steps = 0

/**
 * Counts the work of the functions that reading a stream can spend time in. One step is one look at
 * one byte or character: by a native search, copy, decoding or parse of it as well as by our own
 * code, which looks at none but through these functions.
 */
export function countWork(): void {
  countSearches(Buffer.prototype)
  countSearches(String.prototype)
  counted(String.prototype, 'lastIndexOf', ({ length }, [value], found) =>
    found === -1 ? length : length - Number(found) - String(value).length + 1,
  )
  counted(String.prototype, 'includes', ({ length }, [value], found) =>
    found ? length - 1 + String(value).length : length,
  )
  counted(String.prototype, 'startsWith', (text, [start]) =>
    commonStart(String(text), String(start)),
  )
  counted(String.prototype, 'trim', ({ length }, _, trimmed) =>
    Math.min(length, length - String(trimmed).length + 2),
  )
  counted(String.prototype, 'split', ({ length }) => length)
  counted(String.prototype, 'replace', ({ length }) => length)
  counted(String.prototype, 'charCodeAt', () => 1)
  counted(Buffer.prototype, 'compare', (start, [bytes, from = 0]) =>
    commonStart((bytes as Buffer).subarray(Number(from)), start),
  )
  counted(Buffer.prototype, 'copy', (_buffer, _, copied) => Number(copied))
  counted(Buffer.prototype, 'toString', ({ length }, [, start = 0, end = length]) => {
    return Number(end) - Number(start)
  })
  counted(JSON, 'parse', (_, [text]) => String(text).length)
}

/** What a function costs, in steps. */
export function workOf(run: () => void): number {
  steps = 0
  run()
  return steps
}

function countSearches(owner: object): void {
  counted(owner as Buffer, 'indexOf', ({ length }, [, from = 0], found) => {
    return Math.max(0, (found === -1 ? length : Number(found) + 1) - Number(from))
  })
}

/** The characters of a start that have to be looked at. */
function commonStart(text: ArrayLike<unknown>, start: ArrayLike<unknown>): number {
  let common = 0
  while (common < start.length && text[common] === start[common]) common += 1
  return Math.min(common + 1, start.length, text.length)
}

type Method = (...given: never[]) => unknown

/** Lets a method count its steps. @param cost by its owner, what it is given and what it returns */
function counted<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  cost: (self: Owner, given: unknown[], returned: unknown) => number,
): void {
  const original = owner[name] as Method
  owner[name] = function (this: Owner, ...given: never[]) {
    const returned = original.apply(this, given)
    steps += cost(this, given, returned)
    return returned
  } as Owner[Name]
}
