import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isMarkAlive, ownMark } from './process-facts.ts'

const INFIX = '.making.'

/** Under this name a thing is built, to be renamed to `place` when it is whole. */
export function makingBeside(place: string): string {
  return `${place}${INFIX}${ownMark()}.${randomBytes(4).toString('hex')}`
}

/** What processes that were killed left half-made in `folder`. */
export function leftoversIn(folder: string): string[] {
  const isLeft = (name: string) => {
    const at = name.indexOf(INFIX)
    return at > 0 && !isMarkAlive(name.slice(at + INFIX.length))
  }
  return readdirSync(folder)
    .filter(isLeft)
    .map((name) => join(folder, name))
}
