import { type Finding, found, ok, unknown } from '../finding.ts'
import { type Heard, inWords, isAnswered, isSuccess, isWhole } from '../heard.ts'
import type { Observed } from '../observed.ts'

/** Milliseconds by which a call has to be slower than before to mean anything. */
const SLOWER_MS = 3_000

/** Statuses of a server that is still busy. */
const BUSY = new Set([429, 503])

/** What generates on is read on, so that nothing is billed that nobody sees. */
const READ_ON = { onDisconnect: 'finish' } as const

const BILLS = 'whether it stops generating, and billing, can not be seen from outside'

/** Whether it is free for others once a client has hung up. */
export function judgeAbort(observed: Observed): Finding[] {
  const { abandoned, afterwards } = observed
  if (abandoned === null) return []
  if (!isSuccess(abandoned)) return [unknown('abort', `the stream ${inWords(abandoned)}`)]
  if (abandoned.end !== 'stopped') {
    return [unknown('abort', 'the answer was there before it could be broken off')]
  }
  const before = usualMs(observed)
  if (isWhole(afterwards)) {
    const took = Math.round(afterwards.lastByteMs)
    const seen = `after a stream was broken off, the next call took ${took} ms`
    if (before === null || took < before + SLOWER_MS) return [ok('abort', `${seen}; ${BILLS}`)]
    return [found('busy-after-abort', `${seen}, and ${Math.round(before)} ms before`, READ_ON)]
  }
  const seen = `after a stream was broken off, the next call ${inWords(afterwards)}`
  if (isBusy(afterwards)) return [found('busy-after-abort', seen, READ_ON)]
  return [unknown('abort', seen)]
}

/** How long a call in one piece takes; the slowest that came. */
function usualMs({ limited, unlimited }: Observed): number | null {
  const heard = [limited.max_tokens, limited.max_completion_tokens, unlimited].filter(isWhole)
  return heard.length === 0 ? null : Math.max(...heard.map(({ lastByteMs }) => lastByteMs))
}

function isBusy(heard: Heard | null): boolean {
  if (isAnswered(heard)) return BUSY.has(heard.status) || heard.end === 'too_slow'
  return heard?.why === 'too_slow'
}
