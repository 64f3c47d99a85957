import type { WatchedLane } from '../store/lanes/lane.ts'
import type { Definer } from './definer.ts'

const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
const CALL_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** Watches the lanes to Postgres, by name. */
export function watchLanes(
  { counter, histogram, gauge }: Definer,
  lanes: Record<string, WatchedLane>,
): void {
  const sizes = histogram(
    'lane_batch_size',
    'Items that shared a call to Postgres.',
    ['lane'],
    BATCH_SIZES,
  )
  const durations = histogram(
    'lane_call_duration_seconds',
    'How long a call to Postgres took, failed ones too.',
    ['lane'],
    CALL_S,
  )
  const failures = counter(
    'lane_call_failures_total',
    'Calls to Postgres that failed or took too long.',
    ['lane'],
  )
  gauge('lane_queue_depth', 'Items waiting for the next call.', ['lane'], (depths) => {
    for (const [lane, { depth }] of Object.entries(lanes)) depths.set({ lane }, depth)
  })
  for (const [lane, watched] of Object.entries(lanes)) {
    failures.inc({ lane }, 0)
    watched.watch(({ size, durationMs, failed }) => {
      sizes.observe({ lane }, size)
      durations.observe({ lane }, durationMs / 1_000)
      if (failed) failures.inc({ lane })
    })
  }
}
