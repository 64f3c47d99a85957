import { type Logger, pino } from 'pino'

/**
 * The process's logger: JSON lines on standard output, readable ones where that is a terminal.
 * Requests are logged as one canonical line each, built from named facts (src/log-line.ts).
 */
export function createLogger(level: string): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (!process.stdout.isTTY) return pino(options)
  return pino({
    ...options,
    transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } },
  })
}
