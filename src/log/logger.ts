import { type Logger, pino } from 'pino'

/** Bytes of log lines that are written together, and the milliseconds a line waits at most. */
const GATHER_BYTES = 4_096
const GATHER_MS = 100

/**
 * The process's logger: JSON lines on standard output, readable ones where that is a terminal.
 * Requests are logged as one canonical line each, built from named facts (src/log/log-line.ts).
 */
export function createLogger(level: string): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (process.stdout.isTTY) return pino({ ...options, transport: { target: 'pino-pretty' } })
  const output = pino.destination({ minLength: GATHER_BYTES, periodicFlush: GATHER_MS, sync: true })
  process.on('exit', () => output.flushSync())
  return pino(options, output)
}
