import { expect, test } from 'vitest'
import { FILES, sources } from './files.ts'

/** The numbers of all rules, from the first to the last of each run. */
const RULES: [first: number, last: number][] = [
  [1, 23],
  [25, 39],
  [50, 78],
  [80, 87],
  [90, 96],
  [98, 102],
  [105, 109],
  [115, 123],
  [135, 144],
  [150, 152],
]

/** Rules whose words are not kept, but those of the design. */
const OVERRULED = ['W-34', 'W-59', 'W-100', 'W-137']

const textOf = (path: string) => FILES.find((file) => file.path === path)?.text

const ROWS = [
  ...(textOf('docs/protocol.md') ?? '').matchAll(/^\| (W-\d+) \| (.+) \| ([^|]*) \|$/gm),
].map(([, rule = '', does = '', tests = '']) => ({ rule, does, tests }))

test('the page of the protocol has a row for each rule, in order, and no other', () => {
  const numbers = RULES.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, at) => `W-${first + at}`),
  )
  expect(ROWS.map(({ rule }) => rule)).toEqual(numbers)
  expect(textOf('docs/protocol.md')?.match(/^\| W-/gm)).toHaveLength(numbers.length)
})

test('each rule of the protocol is shown by tests that exist, under the title they have', () => {
  const unshown = ROWS.flatMap(({ rule, tests }) => {
    const shown = [...tests.matchAll(/`([^`]+)`(?: “(.+?)”)?(?=<br>|$)/g)]
    const wrong = shown.filter(([, path = '', title = '']) => {
      const text = /^test\/.+\.test\.ts$/.test(path) ? textOf(path) : undefined
      return text === undefined || !text.replaceAll(/\\(['"])/g, '$1').includes(title)
    })
    const cells = tests.split('<br>').length
    if (shown.length !== cells) return [`${rule}: ${tests}`]
    return wrong.map(([cell]) => `${rule}: ${cell}`)
  })
  expect(unshown).toEqual([])
})

test('no rule of the protocol is overruled but those that the design overrules', () => {
  const overruled = ROWS.filter(({ does }) => does.includes('overruled by the design: '))
  expect(overruled.map(({ rule }) => rule)).toEqual(OVERRULED)
})

test('each rule that the code names has its row', () => {
  const known = new Set(ROWS.map(({ rule }) => rule))
  const named = sources('src', 'plugins').flatMap(({ path, text }) =>
    [...text.matchAll(/\bW-\d+\b/g)].map(([rule]) => ({ rule, path })),
  )
  expect(named.length).toBeGreaterThan(50)
  expect(named.filter(({ rule }) => !known.has(rule))).toEqual([])
})
