/** Bytes of a message's length, which counts itself; most have a byte for their type before it. */
const LENGTH_BYTES = 4

export type Frame = { type: string; bytes: Buffer }

/** Puts the messages of the Postgres protocol together again from chunks. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0)
  #untyped: boolean

  /** @param untyped the first message is without a type: the one by which a client begins */
  constructor(untyped = false) {
    this.#untyped = untyped
  }

  /** The messages that are whole by now. */
  push(chunk: Buffer): Frame[] {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: Frame[] = []
    for (;;) {
      const typeBytes = this.#untyped ? 0 : 1
      if (rest.length < typeBytes + LENGTH_BYTES) break
      const end = typeBytes + rest.readUInt32BE(typeBytes)
      if (rest.length < end) break
      const type = this.#untyped ? '' : String.fromCharCode(rest[0] as number)
      frames.push({ type, bytes: rest.subarray(0, end) })
      rest = rest.subarray(end)
      this.#untyped = false
    }
    this.#rest = rest
    return frames
  }
}

/** What Postgres answers up to one ReadyForQuery. */
export type DueAnswer = { statements: string[] }

/** Follows what a client asks, to know which statements each answer of Postgres belongs to. */
export class Questions {
  readonly #frames = new Frames(true)
  readonly #prepared = new Map<string, string>()
  readonly #portals = new Map<string, string>()
  #executed: string[] = []
  /** In the order Postgres answers; the first is the greeting. */
  readonly due: DueAnswer[] = [{ statements: [] }]

  /** Reads on. @returns the answers that have become due by this chunk */
  push(chunk: Buffer): DueAnswer[] {
    const before = this.due.length
    for (const frame of this.#frames.push(chunk)) this.#read(frame)
    return this.due.slice(before)
  }

  #read({ type, bytes }: Frame): void {
    const [first = '', second = ''] = type === '' ? [] : texts(bytes.subarray(1 + LENGTH_BYTES))
    if (type === 'P') this.#prepared.set(first, second)
    if (type === 'B') this.#portals.set(first, this.#prepared.get(second) ?? '')
    if (type === 'E') this.#executed.push(this.#portals.get(first) ?? '')
    if (type === 'Q') this.due.push({ statements: [first] })
    if (type !== 'S') return
    this.due.push({ statements: this.#executed })
    this.#executed = []
  }
}

/** The first two zero-terminated texts of a message's body. */
function texts(body: Buffer): string[] {
  const end = body.indexOf(0)
  const next = body.indexOf(0, end + 1)
  return [body.toString('utf8', 0, Math.max(end, 0)), body.toString('utf8', end + 1, next)]
}
