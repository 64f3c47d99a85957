import { ProxyError } from '../../errors.ts'
import { invalid, missing } from '../fields.ts'

/** One part of a form, as positions in its body. */
type Part = {
  name: string
  /** It was sent as a file. */
  isFile: boolean
  start: number
  end: number
}

/** Parts of a form: more than any endpoint reads. */
const PARTS_MAX = 64

/** Bytes of the head of a part. */
const HEAD_BYTES_MAX = 8_192

const CRLF = '\r\n'
const HEAD_END = '\r\n\r\n'

/** Some characters that are quoted in a header are no part of it for some. */
const BOUNDARY = /^[^"\\\r\n]{1,70}$/

const decoder = new TextDecoder('utf-8', { fatal: true })

/** How parts may be encoded; others would make of a name another one. */
const PLAIN_CODINGS = new Set(['7bit', '8bit', 'binary'])

/**
 * A form (RFC 7578), read without touching a byte of it. What two parsers could read differently is
 * refused: a boundary that is told twice or in pieces, text around the parts, a boundary that is
 * not alone on its line, a head that is not headers, a name that is encoded, and two parts of a
 * name that is read.
 */
export class Form {
  readonly body: Buffer
  readonly #parts: Part[]

  /** @throws ProxyError invalid_value */
  constructor(body: Uint8Array, contentType: string) {
    this.body = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    this.#parts = partsOf(this.body, boundaryOf(contentType))
  }

  /** Bytes of all files, and how many there are. */
  get files(): { count: number; bytes: number } {
    const files = this.#parts.filter(({ isFile }) => isFile)
    const bytes = files.reduce((sum, { start, end }) => sum + end - start, 0)
    return { count: files.length, bytes }
  }

  /** The text of a part; null without one. @throws ProxyError invalid_value */
  text(name: string): string | null {
    const part = this.#only(name)
    if (part === null) return null
    if (part.isFile) throw invalid(name, `"${name}" must not be a file.`)
    try {
      return decoder.decode(this.body.subarray(part.start, part.end))
    } catch {
      throw invalid(name, `"${name}" must be valid UTF-8.`)
    }
  }

  /** @throws ProxyError missing_required_parameter, invalid_value; so below */
  requiredText(name: string): string {
    const text = this.text(name)
    if (text === null) throw missing(name)
    if (text === '') throw invalid(name, `"${name}" must be a non-empty string.`)
    return text
  }

  flag(name: string): boolean {
    const text = this.text(name) ?? 'false'
    if (text === 'true' || text === 'false') return text === 'true'
    throw invalid(name, `"${name}" must be true or false.`)
  }

  integer(name: string, max: number): number | null {
    const text = this.text(name)
    if (text === null) return null
    if (/^[1-9][0-9]{0,9}$/.test(text) && Number(text) <= max) return Number(text)
    throw invalid(name, `"${name}" must be a whole number from 1 to ${max}.`)
  }

  /** The same bytes with another text in one part. */
  with(name: string, text: string): Buffer {
    const { start = 0, end = 0 } = this.#only(name) ?? {}
    return Buffer.concat([this.body.subarray(0, start), Buffer.from(text), this.body.subarray(end)])
  }

  #only(name: string): Part | null {
    const [part = null, ...others] = this.#parts.filter((one) => one.name === name)
    if (others.length > 0) throw invalid(name, `The form has the part "${name}" twice.`)
    return part
  }
}

function boundaryOf(contentType: string): string {
  const [, rest = ''] = /^multipart\/form-data\s*(;.*)$/is.exec(contentType) ?? []
  const boundary = parametersOf(rest)?.get('boundary')
  if (boundary === undefined || !BOUNDARY.test(boundary)) {
    throw malformed('it has no boundary, or no clear one')
  }
  return boundary
}

function partsOf(body: Buffer, boundary: string): Part[] {
  const delimiter = Buffer.from(`--${boundary}`, 'latin1')
  const parts: Part[] = []
  if (body.indexOf(delimiter) !== 0) throw malformed('it does not begin with its boundary')
  let at = delimiter.length
  for (;;) {
    const line = body.toString('latin1', at, at + 2)
    if (line === '--') break
    if (line !== CRLF) throw malformed('a boundary is not alone on its line')
    if (parts.length === PARTS_MAX) throw malformed(`it has more than ${PARTS_MAX} parts`)
    const start = body.indexOf(HEAD_END, at)
    const next = body.indexOf(delimiter, at)
    if (next === -1) throw malformed('it has no end')
    if (start === -1 || start > next) throw malformed('a part has no head')
    if (start - at > HEAD_BYTES_MAX) throw malformed('the head of a part is too large')
    const end = next - CRLF.length
    if (end < start + HEAD_END.length || body.toString('latin1', end, next) !== CRLF) {
      throw malformed('a boundary is not alone on its line')
    }
    const head = body.toString('utf8', at + CRLF.length, start)
    parts.push({ ...readHead(head), start: start + HEAD_END.length, end })
    at = next + delimiter.length
  }
  // Openai 4 for JavaScript ends a form with two line ends.
  const rest = body.toString('latin1', at + 2)
  if (!/^(\r\n)*$/.test(rest)) throw malformed('something follows its end')
  return parts
}

/** A header on one line: some read on after a lone line feed, or join lines that are indented. */
const HEADER = /^([^\s:]+):([^\r\n]*)$/

function readHead(head: string): Pick<Part, 'name' | 'isFile'> {
  const headers = head.split(CRLF).map((line) => {
    const [, name = '', value = ''] = HEADER.exec(line) ?? []
    if (name === '') throw malformed('the head of a part is none')
    return { name: name.toLowerCase(), value: value.trim() }
  })
  const [disposition, ...others] = headers.filter(({ name }) => name === 'content-disposition')
  const coding = headers.find(({ name }) => name === 'content-transfer-encoding')
  if (coding && !PLAIN_CODINGS.has(coding.value.toLowerCase())) throw malformed('a part is encoded')
  const [, rest] = /^form-data\s*((?:;.*)?)$/i.exec(disposition?.value ?? '') ?? []
  const parameters = rest === undefined ? null : parametersOf(rest)
  const name = parameters?.get('name')
  if (others.length > 0 || name === undefined) throw malformed('a part has no name')
  return { name, isFile: parameters?.has('filename') || parameters?.has('filename*') || false }
}

const PARAMETER = /;\s*([\w*-]+)=(?:"([^"]*)"|([^\s;"]+))\s*/g

/** What is given in another charset or in pieces, and some read as the whole (RFC 2231). */
const EXTENDED = /^(name|boundary)\*/

/**
 * The parameters after a value of a header; null where one is there twice, where one is not as it
 * should be, and where a backslash may mean itself or what follows it.
 */
function parametersOf(text: string): Map<string, string> | null {
  if (!/^;?$/.test(text.replace(PARAMETER, ''))) return null // some end with a semicolon
  const parameters = new Map<string, string>()
  for (const [, key = '', quoted, plain = ''] of text.matchAll(PARAMETER)) {
    const name = key.toLowerCase()
    const value = quoted ?? plain
    const isUnclear = name === 'name' ? value.includes('\\') : value.endsWith('\\')
    if (isUnclear || parameters.has(name) || EXTENDED.test(name)) return null
    parameters.set(name, value)
  }
  return parameters
}

function malformed(why: string): ProxyError {
  return new ProxyError('invalid_value', { message: `The body is not a form: ${why}.` })
}
