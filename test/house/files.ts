import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export type File = { path: string; text: string; lines: string[] }

const ROOT = join(import.meta.dirname, '../..')
const NOT_OURS = new Set(['node_modules', '.venv', '.git', '.data', 'dist', 'coverage'])
const NOT_TEXT = /\.(png|ico|woff2?|gz|tgz|log)$/

/** Every file of the repository that people write, by its path from the root. */
export const FILES: File[] = walk(ROOT).map((path) => {
  const text = readFileSync(join(ROOT, path), 'utf8')
  return { path, text, lines: text.replace(/\n$/, '').split('\n') }
})

/** The files of these folders, or of all, that are TypeScript. */
export function sources(...folders: string[]): File[] {
  return FILES.filter(({ path }) => path.endsWith('.ts') && isIn(path, folders))
}

/** Files or lines at fault, as a list that a failing test shows. */
export function offenders(files: File[], isAtFault: (line: string, file: File) => boolean) {
  return files.flatMap((file) =>
    file.lines.flatMap((line, at) =>
      isAtFault(line, file) ? [`${file.path}:${at + 1}: ${line.trim()}`] : [],
    ),
  )
}

const FROM = /^(?:import|export)\b([^'"`;]*?)\bfrom '([^']+)'/gm
const ALONE = /(?:^import |\bimport\()'([^']+)'/gm

/** What a file imports: the name as it is written, and whether only types of it. */
export function importsOf({ text }: File): { from: string; typeOnly: boolean }[] {
  const named = [...text.matchAll(FROM)].map(([, what = '', from = '']) => ({
    from,
    typeOnly: /^\s*type\b/.test(what),
  }))
  const alone = [...text.matchAll(ALONE)].map(([, from = '']) => ({ from, typeOnly: false }))
  return [...named, ...alone]
}

/** The path from the root of what a file imports, or the name of a package. */
export function resolved(file: File, from: string): string {
  return from.startsWith('.') ? join(file.path, '..', from) : from
}

export function isIn(path: string, folders: string[]): boolean {
  return (
    folders.length === 0 ||
    folders.some((folder) => path === folder || path.startsWith(`${folder}/`))
  )
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (NOT_OURS.has(entry.name)) return []
    if (entry.isDirectory()) return walk(path)
    return entry.isFile() && !NOT_TEXT.test(entry.name) ? [relative(ROOT, path)] : []
  })
}
