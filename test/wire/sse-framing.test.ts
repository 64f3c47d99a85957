import { describe, expect, test } from 'vitest'
import { cutAt, inPieces, readPieces } from './sse.ts'

const BOM = '\u{feff}'

/** A stream, and the events in it as the relay sends them on. */
const FRAMINGS: Record<string, { stream: string; events: string[] }> = {
  'line feeds': {
    stream: 'data: {"a":1}\n\ndata: {"a":2}\n\ndata: [DONE]\n\n',
    events: ['data: {"a":1}\n\n', 'data: {"a":2}\n\n', 'data: [DONE]\n\n'],
  },
  'carriage returns and line feeds': {
    stream: 'data: {"a":1}\r\n\r\ndata: {"a":2}\r\n\r\n',
    events: ['data: {"a":1}\n\n', 'data: {"a":2}\n\n'],
  },
  'carriage returns alone': {
    stream: 'data: {"a":1}\r\rdata: {"a":2}\r\r',
    events: ['data: {"a":1}\n\n', 'data: {"a":2}\n\n'],
  },
  'all three line ends in one stream': {
    stream: 'data: 1\n\ndata: 2\r\n\r\ndata: 3\r\rdata: 4\n\r\ndata: 5\r\n\ndata: 6\n\n',
    events: [1, 2, 3, 4, 5, 6].map((n) => `data: ${n}\n\n`),
  },
  'comments before, in and between events': {
    stream: ': open\n\n: in front\ndata: 1\n: behind\n\n:\n\ndata: 2\n\n: last\n\n',
    events: ['data: 1\n\n', 'data: 2\n\n'],
  },
  'data of several lines': {
    stream: 'data: {"a":\ndata: 1,\ndata: "b":2}\n\ndata: 3\n\n',
    events: ['data: {"a":\n1,\n"b":2}\n\n', 'data: 3\n\n'],
  },
  'a byte order mark': {
    stream: `${BOM}data: 1\n\ndata: 2\n\n`,
    events: ['data: 1\n\n', 'data: 2\n\n'],
  },
  'a byte order mark only at the start': {
    stream: `${BOM}${BOM}data: lost\n\ndata: 2\n\n`,
    events: ['data: 2\n\n'],
  },
  'no space after the colon': {
    stream: 'data:1\n\ndata:  two spaces\n\ndata:3\r\n\r\n',
    events: ['data: 1\n\n', 'data:  two spaces\n\n', 'data: 3\n\n'],
  },
  'a last event without its blank line': {
    stream: 'data: 1\n\ndata: 2',
    events: ['data: 1\n\n', 'data: 2\n\n'],
  },
  'a last event with half its blank line': {
    stream: 'data: 1\r\n\r\ndata: 2\r\n',
    events: ['data: 1\n\n', 'data: 2\n\n'],
  },
  'characters of 2, 3 and 4 bytes': {
    stream: 'data: é€😀\n\ndata: {"x":"𝕏👩‍🚀"}\r\n\r\n',
    events: ['data: é€😀\n\n', 'data: {"x":"𝕏👩‍🚀"}\n\n'],
  },
  'fields that are not data': {
    stream: 'event: ping\n\nid: 7\nretry: 10\n\nevent: x\ndata: 1\nid: 8\n\ndatum: 2\n\n',
    events: ['data: 1\n\n'],
  },
  'empty data': {
    stream: 'data:\n\ndata: \n\ndata\n\ndata: 1\n\ndata:\r\n\r\n',
    events: ['data: 1\n\n'],
  },
  'an error field, as llama.cpp sends it': {
    stream: 'data: 1\n\nerror: {"code":500}\n\nerror: out of memory\n\n',
    events: [
      'data: 1\n\n',
      'data: {"error":{"code":500}}\n\n',
      'data: {"error":"out of memory"}\n\n',
    ],
  },
  'nothing but blank lines': { stream: '\n\n\r\n\r\n\r\r\n\n\n', events: [] },
  'nothing at all': { stream: '', events: [] },
}

describe.each(Object.entries(FRAMINGS))('a stream with %s', (_name, { stream, events }) => {
  const bytes = Buffer.from(stream)

  test('is read in one piece', () => {
    expect(readPieces([bytes])).toEqual(events)
  })

  test('reads the same cut in two at any byte', () => {
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(readPieces(cutAt(bytes, [at])), `cut at ${at}`).toEqual(events)
    }
  })

  test('reads the same cut in three at any two bytes', () => {
    for (let first = 0; first <= bytes.length; first += 1) {
      for (let second = first; second <= bytes.length; second += 1) {
        const pieces = cutAt(bytes, [first, second])
        expect(readPieces(pieces), `cut at ${first} and ${second}`).toEqual(events)
      }
    }
  })

  test.each([1, 2, 3, 5])('reads the same in pieces of %i bytes', (size) => {
    expect(readPieces(inPieces(bytes, size))).toEqual(events)
  })
})
