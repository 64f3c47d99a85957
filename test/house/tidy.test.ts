import { expect, test } from 'vitest'
import { FILES, type File, offenders, sources } from './files.ts'

const FILE_LINES_MAX = 250
const MEDIAN_LINES_MAX = 60
const FUNCTION_LINES_MAX = 70
const COLUMNS_MAX = 100

const OURS = ['src', 'plugins', 'drill', 'test', 'docs']
const code = () => sources('src', 'plugins')

test('no file of code or tests is above 250 lines', () => {
  const long = sources(...OURS).filter(({ lines }) => lines.length > FILE_LINES_MAX)
  expect(long.map(({ path, lines }) => `${path}: ${lines.length}`)).toEqual([])
})

test('the median file of code is under 60 lines', () => {
  const lengths = code().map(({ lines }) => lines.length)
  const [median] = lengths.sort((a, b) => a - b).slice(Math.floor(lengths.length / 2))
  expect(median).toBeLessThan(MEDIAN_LINES_MAX)
})

test('no line is above 100 columns but for a text or a pattern that can not be broken', () => {
  const isComment = (line: string) => /^\s*(\/?\*|\/\/)/.test(line)
  const withoutTexts = (line: string) =>
    line.replace(/'[^']*'|\/\S+\/\w*/g, '').replace(/`.*$|^.*`/, '')
  const long = offenders(sources(...OURS), (line) => {
    const broken = isComment(line) ? line : withoutTexts(line)
    return line.length > COLUMNS_MAX && broken.length > COLUMNS_MAX / 2
  })
  expect(long).toEqual([])
})

/** The line of formatted code in which the body of a function, method or arrow begins. */
const FUNCTION = /\bfunction\b.*\{$|=> \{$|^ {2}(async )?[#\w]+\(.*\{$|^ *\).*\{$/

/** The functions of a formatted file with a body of several lines: their first line and length. */
function functionsOf({ path, lines }: File): { name: string; length: number }[] {
  return lines.flatMap((line, start) => {
    const isFunction = FUNCTION.test(line)
    const indent = line.match(/^ */)?.[0] ?? ''
    const closes = (other: string) => other.startsWith(`${indent}}`)
    const end = isFunction ? lines.findIndex((other, at) => at > start && closes(other)) : -1
    return end === -1 ? [] : [{ name: `${path}:${start + 1}`, length: end - start + 1 }]
  })
}

test('no function is above 70 lines', () => {
  const functions = code().flatMap(functionsOf)
  expect(functions.length).toBeGreaterThan(300)
  expect(functions.filter(({ length }) => length > FUNCTION_LINES_MAX)).toEqual([])
})

test('no name says nothing', () => {
  const EMPTY = /(^|[/.-])(utils?|helpers?|common|managers?|services?|misc)([/.-]|$)/i
  expect(FILES.map(({ path }) => path).filter((path) => EMPTY.test(path))).toEqual([])
})

test('file names are in kebab-case', () => {
  const KEBAB = /^([a-z0-9]+(-[a-z0-9]+)*\/)+[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/
  const paths = sources(...OURS).map(({ path }) => path)
  expect(paths.filter((path) => !KEBAB.test(path))).toEqual([])
})

test('nothing is left to do', () => {
  const marks = new RegExp(`\\b(${['TO', 'FIX'].join('DO|')}ME)\\b`)
  const files = FILES.filter(({ path }) => !path.endsWith('package-lock.json'))
  expect(offenders(files, (line) => marks.test(line))).toEqual([])
})

test('no test is left out, and none alone', () => {
  const partial = /\b(test|it|describe)(\.\w+)*\.(only|skip|todo)\b/
  expect(offenders(sources('test'), (line) => partial.test(line))).toEqual([])
})

test('each test of a file has a title of its own', () => {
  const twice = sources('test').flatMap(({ path, text }) => {
    const titles = [...text.matchAll(/^( *)test(?:\.\w+)*\(\s*(['"`])(.*?)\2,/gms)].map(
      (one) => one[3],
    )
    return titles
      .filter((title, at) => titles.indexOf(title) !== at)
      .map((one) => `${path}: ${one}`)
  })
  expect(twice).toEqual([])
})

test('no file names a host of packages', () => {
  const hosts = [
    ['registry', 'npmjs', 'org'],
    ['registry', 'yarnpkg', 'com'],
    ['npm', 'pkg', 'github', 'com'],
    ['npm', 'jsr', 'io'],
    ['registry', 'npmmirror', 'com'],
    ['pypi', 'org'],
    ['files', 'pythonhosted', 'org'],
    ['unpkg', 'com'],
    ['cdn', 'jsdelivr', 'net'],
  ].map((parts) => parts.join('.'))
  expect(offenders(FILES, (line) => hosts.some((host) => line.includes(host)))).toEqual([])
})
