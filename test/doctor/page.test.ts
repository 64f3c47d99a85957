import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { PRESETS } from '../../src/doctor/presets.ts'
import { COMPLETIONS_MAX, OUTPUT_TOKENS_MAX } from '../../src/doctor/questions.ts'
import { QUIRKS } from '../../src/doctor/quirks.ts'
import { profileBody } from '../../src/routes/admin/profile-body.ts'
import { EXAMINATION_MS } from '../../src/upstream/probe/session.ts'
import { PLAIN_PROFILE } from '../../src/wire/profile.ts'
import { cliOf } from '../cli/tollkeeper.ts'
import { timeless } from '../cli/transcript.ts'
import { baseOf, startHospital } from './patient.ts'

const page = await readFile(new URL('../../docs/doctor.md', import.meta.url), 'utf8')

/** The rows of a table below a heading, as cells. */
function rowsBelow(heading: string): string[][] {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('|'))
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

test('docs/doctor.md lists every quirk with what follows from it, and no other', () => {
  const rows = Object.entries(QUIRKS).map(([quirk, { about, verdict, follows }]) => [
    about.replaceAll('_', ' '),
    `\`${quirk}\``,
    verdict,
    follows,
  ])
  expect(rowsBelow('Every quirk')).toEqual(rows)
})

test('docs/doctor.md lists every preset with its address and profile', () => {
  const rows = Object.entries(PRESETS).map(([preset, { says, baseUrl, profile }]) => {
    const plain = Object.entries(profileBody(PLAIN_PROFILE))
    const own = Object.entries(profileBody({ ...PLAIN_PROFILE, ...profile }))
    const quirks = own.filter(([, value], at) => value !== plain[at]?.[1])
    return [
      `\`${preset}\``,
      says,
      baseUrl === undefined ? '' : `\`${baseUrl}\``,
      quirks.map(([field, value]) => `\`${field}: ${value}\``).join(' '),
    ]
  })
  expect(rowsBelow('Presets')).toEqual(rows)
})

test('docs/doctor.md says what an examination costs at most', () => {
  const cost = page.split('## What it costs\n')[1]?.split('\n## ')[0]
  expect(cost).toContain(`At most ${COMPLETIONS_MAX} chat completions`)
  expect(cost).toContain(`${OUTPUT_TOKENS_MAX} output tokens in all`)
  expect(cost).toContain(`all of them ${EXAMINATION_MS / 1_000};`)
})

test('the report of docs/doctor.md is what doctor prints', async () => {
  const proxy = await startHospital()
  const base = baseOf(proxy, 'rejects-stream-options')
  const [, url = '', report = ''] =
    page.match(/\$ tollkeeper doctor (\S+) --model llama-3\n([\s\S]*?)\n```/) ?? []
  const printed = await cliOf(proxy).text(`doctor ${base} --model llama-3`)
  // Where a line is broken depends on the length of the URL.
  const plain = (text: string) => timeless(text).replace(/\s+/g, ' ')
  expect(plain(printed.replaceAll(base, url))).toBe(plain(report))
  await proxy.close()
})
