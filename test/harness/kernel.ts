import { readFileSync } from 'node:fs'

const MIB = 1024 * 1024

/** Where Linux tells the least, the usual and the most bytes that it keeps at either end. */
const LIMITS = ['/proc/sys/net/ipv4/tcp_wmem', '/proc/sys/net/ipv4/tcp_rmem']

/** The most that other systems keep at either end. */
const ELSEWHERE_BYTES = 8 * MIB

/** Bytes beyond the limits: the packet that passes them is kept whole. */
const SPARE_BYTES = 2 * MIB

/** More bytes than the kernel ever takes on a connection whose reader does not read. */
export const MORE_THAN_KERNEL_KEEPS = LIMITS.reduce((sum, path) => sum + mostOf(path), SPARE_BYTES)

function mostOf(path: string): number {
  if (process.platform !== 'linux') return ELSEWHERE_BYTES
  return Number(readFileSync(path, 'utf8').trim().split(/\s+/).at(-1))
}
