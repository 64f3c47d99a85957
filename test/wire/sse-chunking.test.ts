import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutAt, readPieces } from './sse.ts'

/** What streams are made of, whole and in parts: any order of these is a stream. */
const TOKENS = [
  ...['\n', '\r', '\r\n', '\n\n', '\r\n\r\n', '\r\r'],
  ...['data: ', 'data:', 'data', ' ', ':', ': keep-alive', 'event: ping', 'id: 7', 'retry: 1'],
  ...['a', '{"b":1}', '[DONE]', 'é', '€', '😀'],
]

const streams = fc
  .tuple(fc.boolean(), fc.array(fc.constantFrom(...TOKENS), { maxLength: 60 }))
  .map(([mark, tokens]) => Buffer.from(`${mark ? '\u{feff}' : ''}${tokens.join('')}`))

const streamsInPieces = streams.chain((bytes) =>
  fc
    .array(fc.nat({ max: bytes.length }), { maxLength: 30 })
    .map((cuts) => ({ bytes, cuts: cuts.sort((a, b) => a - b) })),
)

/** The events of a whole stream, as the HTML standard says to read them. */
function byTheStandard(stream: string): string[] {
  const events: string[] = []
  let data: string[] = []
  const dispatch = () => {
    if (data.join('\n').trim() !== '') events.push(`data: ${data.join('\n')}\n\n`)
    data = []
  }
  for (const line of stream.replace(/^\u{feff}/u, '').split(/\r\n|\n|\r/)) {
    const [, field, value = ''] = line.match(/^([^:]*)(?:: ?(.*))?$/su) as RegExpMatchArray
    if (line === '') dispatch()
    else if (field === 'data') data.push(value)
  }
  dispatch() // what is unterminated at the end counts too
  return events
}

test('any stream in any pieces has the events the standard finds in it as a whole', () => {
  fc.assert(
    fc.property(streamsInPieces, ({ bytes, cuts }) => {
      expect(readPieces(cutAt(bytes, cuts))).toEqual(byTheStandard(bytes.toString()))
    }),
    { numRuns: 5_000 },
  )
})
