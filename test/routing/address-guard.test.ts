import { expect, test } from 'vitest'
import { AddressGuard } from '../../src/upstream/connect/address-guard.ts'

const strict = new AddressGuard([])
const open = new AddressGuard(['0.0.0.0/0', '::/0'])

test.for([
  '0.0.0.0',
  '10.0.0.1',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.255',
  '172.31.255.255',
  '192.168.1.1',
  '198.19.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::7f00:1',
  '2001::7f00:1',
  '2002:7f00:1::',
  'fc00::1',
  'fec0::1',
  'ff02::1',
])('%s is no upstream unless it is allowed', (address) => {
  expect(strict.allows(address)).toBe(false)
  expect(open.allows(address)).toBe(true)
})

test.for([
  '169.254.169.254',
  '169.254.170.2',
  '::ffff:169.254.169.254',
  '::a9fe:a9fe',
  '64:ff9b::a9fe:a9fe',
  '2002:a9fe:a9fe::',
  'fe80::1',
  'fe80::1%lo',
  'febf::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  '100.100.100.200',
  '168.63.129.16',
  'localhost',
  '',
])('%j is no upstream, whatever is allowed', (address) => {
  expect(strict.allows(address)).toBe(false)
  expect(open.allows(address)).toBe(false)
})

test.for([
  '8.8.8.8',
  '::ffff:8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '2606:4700::1111',
  '2001:4860::1',
])('%s is public', (address) => {
  expect(strict.allows(address)).toBe(true)
})

test('an allowed range opens itself and nothing beside it', () => {
  const guard = new AddressGuard(['10.1.0.0/16', 'fd12::/16', '192.168.7.7'])
  expect(guard.allows('10.1.2.3')).toBe(true)
  expect(guard.allows('::ffff:10.1.2.3')).toBe(true)
  expect(guard.allows('fd12::1')).toBe(true)
  expect(guard.allows('192.168.7.7')).toBe(true)
  expect(guard.allows('10.2.0.0')).toBe(false)
  expect(guard.allows('fd13::1')).toBe(false)
  expect(guard.allows('192.168.7.8')).toBe(false)
})

/** What the resolver of a guard says to a name. */
function resolve(guard: AddressGuard, name: string, all: boolean) {
  return new Promise<{ error: Error | null; found: unknown }>((done) => {
    guard.lookup(name, { all }, (error, found) => done({ error, found }))
  })
}

test.for([true, false])(
  'a name is resolved to allowed addresses only, all of them: %s',
  async (all) => {
    const loopback = new AddressGuard(['127.0.0.0/8'])
    const { error, found } = await resolve(loopback, 'localhost', all)
    expect(error).toBeNull()
    expect(found).toEqual(all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1')
    const refused = await resolve(strict, 'localhost', all)
    expect(refused.error?.message).toContain('localhost')
  },
)
