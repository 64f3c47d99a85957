import { every } from '../clock.ts'
import { BEAT_MS, Heart, type HeartPorts } from './heart.ts'
import { SWEEP_MS, Sweeper, type SweeperPorts } from './sweeper.ts'

/**
 * Keeps our leases and ends those of others. Beats and sweeps are apart, so that no sweep that
 * takes long makes us look dead.
 * @returns what stops it, when the last run is over
 */
export function keepLeases(ports: HeartPorts & SweeperPorts): () => Promise<void> {
  const { clock, log } = ports
  const heart = new Heart(ports)
  const sweeper = new Sweeper(ports, () => heart.still)
  const failed = (what: string) => (err: unknown) => log.warn({ err }, what)
  const beat = () => heart.beat()
  const sweep = () => sweeper.sweep()
  const stopBeating = every(clock, BEAT_MS, beat, failed('the heartbeat failed'))
  const stopSweeping = every(clock, SWEEP_MS, sweep, failed('a sweep failed'))
  return async () => {
    await Promise.all([stopBeating(), stopSweeping()])
  }
}
