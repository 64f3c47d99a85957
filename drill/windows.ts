/** A stretch of time in epoch milliseconds; `to` is null while it lasts. */
export type Window = { from: number; to: number | null }

/** Whether something that went on from one moment to another met one of these windows. */
export function meets(
  windows: readonly Window[],
  from: number,
  to: number,
  slackMs: number,
): boolean {
  return windows.some(
    (window) => window.from - slackMs <= to && (window.to === null || window.to + slackMs >= from),
  )
}
