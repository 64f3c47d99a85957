/** A file before and after a patch. */
export type Patched = { path: string; before: string; after: string }

/**
 * Applies a unified diff by what its lines say: line numbers do not count, so that a patch goes on
 * to apply while the code around it moves.
 * @param read the text of a file, by its path in the diff
 * @throws Error where the old lines of a hunk are not in the file exactly once
 */
export function applyPatch(patch: string, read: (path: string) => string): Patched[] {
  return patch
    .split(/^--- a\//m)
    .slice(1)
    .map((section) => {
      const [head = '', ...hunks] = section.split(/^@@.*\n/m)
      const path = head.split('\n', 1)[0] as string
      const before = read(path)
      return {
        path,
        before,
        after: hunks.reduce((text, hunk) => replace(text, hunk, path), before),
      }
    })
}

function replace(text: string, hunk: string, path: string): string {
  const lines = hunk.replace(/\n$/, '').split('\n')
  const side = (mark: '-' | '+') =>
    lines
      .filter((line) => line[0] === ' ' || line[0] === mark || line === '')
      .map((line) => `${line.slice(1)}\n`)
      .join('')
  const [old, now] = [side('-'), side('+')]
  const parts = text.split(old)
  if (parts.length !== 2) throw new Error(`${path} has not once what a patch takes out:\n${old}`)
  return parts.join(now)
}
