import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Form } from '../../src/wire/requests/multipart.ts'

const TYPE = 'multipart/form-data; boundary=xyz'
const DISPOSITION = 'Content-Disposition: form-data; name="model"'
const NAMED = 'Content-Disposition: form-data; name="n"'
const part = (head: string, value: string) => `--xyz\r\n${head}\r\n\r\n${value}\r\n`
const MODEL = part(DISPOSITION, 'gpt')
const read = (text: string, type = TYPE) => new Form(Buffer.from(text, 'latin1'), type)

test('a form is read whatever its parts have in them, and in any order', async () => {
  const name = fc.string({ minLength: 1 }).filter((one) => !one.includes('\\'))
  const value = fc.uint8Array({ maxLength: 300 })
  const parts = fc.uniqueArray(fc.tuple(name, value, fc.boolean()), {
    selector: ([one]) => one,
    maxLength: 8,
  })
  await fc.assert(
    fc.asyncProperty(parts, async (all) => {
      const sent = new FormData()
      for (const [name, bytes, isFile] of all) {
        const text = Buffer.from(bytes).toString('hex')
        if (isFile) sent.append(name, new File([Buffer.from(bytes)], name))
        else sent.append(name, text)
      }
      const response = new Response(sent)
      const type = response.headers.get('content-type') as string
      const form = new Form(new Uint8Array(await response.arrayBuffer()), type)
      const files = all.filter(([, , isFile]) => isFile)
      expect(form.files.count).toBe(files.length)
      expect(form.files.bytes).toBe(files.reduce((sum, [, bytes]) => sum + bytes.length, 0))
    }),
  )
})

test('a part is what stands between its head and the next boundary', () => {
  const form = read(
    `${MODEL}${part('content-disposition:form-data;name=prompt', 'a\r\nb\n')}--xyz--`,
  )
  expect(form.text('model')).toBe('gpt')
  expect(form.text('prompt')).toBe('a\r\nb\n')
  expect(form.text('n')).toBe(null)
  expect(form.with('model', 'other').toString()).toBe(form.body.toString().replace('gpt', 'other'))
})

test.each(['; charset=utf-8', ';', '; x="; boundary=x"'])('a type may go on with %s', (more) => {
  expect(read(`${MODEL}--xyz--`, `${TYPE}${more}`).text('model')).toBe('gpt')
})

test.each(['', '\r\n', '\r\n\r\n'])('a form may end with %j', (end) => {
  expect(read(`${MODEL}--xyz--${end}`).text('model')).toBe('gpt')
})

test.each([
  ['form-data; name="a b"', 'a b'],
  ['form-data; name=ab; x=y', 'ab'],
  ['FORM-DATA;NAME="ab"', 'ab'],
])('the name in %s is %s', (disposition, name) => {
  const form = read(`${part(`Content-Disposition: ${disposition}`, 'value')}--xyz--\r\n`)
  expect(form.text(name)).toBe('value')
})

describe('what two parsers could read differently is refused', () => {
  test.each([
    ['text before the first boundary', `x\r\n${MODEL}--xyz--`],
    ['text after the last one', `${MODEL}--xyz--\r\n${MODEL}--xyz--`],
    ['no last boundary', MODEL],
    ['a boundary without its own line', `${part(DISPOSITION, 'a\n--xyz')}--xyz--`],
    ['a boundary that goes on', `${part(DISPOSITION, 'a\r\n--xyzzy')}--xyz--`],
    ['line feeds alone', `${MODEL.replaceAll('\r', '')}--xyz--`],
    ['a part without a head', '--xyz\r\nmodel\r\n--xyz--'],
    ['a part without a name', `${part('Content-Disposition: form-data', 'a')}--xyz--`],
    ['a name that is there twice', `${part(`${DISPOSITION}; name="n"`, 'a')}--xyz--`],
    ['an encoded name', `${part(`${DISPOSITION}; name*=UTF-8''n`, 'a')}--xyz--`],
    [
      'a name with a backslash',
      `${part('Content-Disposition: form-data; name="a\\\\b"', 'a')}--xyz--`,
    ],
    ['a quote that may be none', `${part(`${DISPOSITION}; filename="a\\\\"`, 'a')}--xyz--`],
    ['two dispositions', `${part(`${DISPOSITION}\r\n${DISPOSITION}`, 'a')}--xyz--`],
    [
      'an encoded part',
      `${part(`${DISPOSITION}\r\nContent-Transfer-Encoding: base64`, 'a')}--xyz--`,
    ],
    ['a name in pieces', `${part(`${DISPOSITION}; name*0="n"`, 'a')}--xyz--`],
    ['a line feed within a head', `${part(`X: a\n${DISPOSITION}\r\n${NAMED}`, 'a')}--xyz--`],
    ['a head whose line goes on', `${part(`${NAMED}\r\n ; x=y`, 'a')}--xyz--`],
    [
      'a space before a colon',
      `${part(`${DISPOSITION.replace(':', ' :')}\r\n${NAMED}`, 'a')}--xyz--`,
    ],
    ['too many parts', `${MODEL.repeat(65)}--xyz--`],
    ['a head without an end', `--xyz\r\n${'x'.repeat(9_000)}\r\n\r\na\r\n--xyz--`],
    ['nothing', ''],
  ])('%s', (_, body) => {
    expect(() => read(body)).toThrow(/^The body is not a form: /)
  })

  test.each([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'a; boundary=x; boundary=xyz',
    'multipart/form-data; boundary=x; boundary=xyz',
    'multipart/form-data; boundary=xyz; boundary*0=x',
    "multipart/form-data; boundary=xyz; boundary*=utf-8''x",
    'multipart/form-data; x="; boundary=xyz"; boundary = x',
    'multipart/form-data; boundary="x\\yz"',
  ])('the type %s', (type) => {
    expect(() => read(`${MODEL}--xyz--`, type)).toThrow('it has no boundary')
  })

  test('a part that is there twice, when it is read', () => {
    const form = read(`${MODEL}${MODEL}--xyz--`)
    expect(() => form.text('model')).toThrow('twice')
  })
})

test('a body that is no form at all is refused in time', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
      expect(() => new Form(bytes, TYPE)).toThrow(/^The body is not a form: /)
    }),
  )
  const long = `--xyz\r\n${'--xy\r\n'.repeat(200_000)}`
  expect(() => read(long)).toThrow('it has no end')
})
