import type { Place, World } from '../world.ts'

/** Where a check runs: one upstream, in one of the ways in which Tollkeeper has it. */
export type Stage = World & { place: Place }

/**
 * One row of the table. It throws where something is wrong; what it returns is shown in its cell
 * in place of `right`.
 */
export type Check = (stage: Stage) => Promise<string | undefined>

/** Says what is wrong, unless something holds. */
export function expectThat(holds: unknown, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise)
}
