import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientOf, refusal } from './client.ts'
import { type Admin, startAdmin } from './setup.ts'

let admin: Admin
let client: ReturnType<typeof clientOf>
beforeAll(async () => {
  const metadata = ['169.254.0.0/16', '::/96', '64:ff9b::/96', '2002::/16', 'fd00::/8', 'fe80::/10']
  admin = await startAdmin({ allowCidrs: ['10.1.0.0/16', ...metadata] })
  client = clientOf(admin)
})
afterAll(() => admin.close())

const put = (base_url: string) => client.put('/providers/p', { base_url })

test.for([
  'file:///etc/passwd',
  'gopher://h.example/1',
  'ftp://h.example/v1',
  'unix:/run/docker.sock',
  'data:application/json,{}',
  'javascript:alert(1)',
  '//h.example/v1',
  'h.example/v1',
  'https://',
  'https://h.example:99999/v1',
  'https://user@h.example/v1',
  'https://user:password@h.example/v1',
  'https://:password@h.example/v1',
  'https://h.example/v1#part',
  'https://h.example/v1\r\nx: y',
  'https://[fe80::1%25eth0]/v1',
  `https://h.example/${'x'.repeat(256)}`,
])('a provider can not have the base URL %s', async (url) => {
  expect(refusal(await put(url))).toEqual([400, 'invalid_value', 'base_url'])
})

test.for([
  'http://127.0.0.1/v1',
  'http://127.1/v1',
  'http://0x7f.1/v1',
  'http://0177.0.0.1/v1',
  'http://2130706433/v1',
  'http://127.0.0.1./v1',
  'http://１２７.0.0.1/v1',
  'http://0.0.0.0/v1',
  'http://10.0.0.1/v1',
  'http://10.2.0.1/v1',
  'http://100.64.0.1/v1',
  'http://172.16.0.1/v1',
  'http://192.168.0.1/v1',
  'http://198.18.0.1/v1',
  'http://255.255.255.255/v1',
  'https://10.0.0.1:8443/v1',
])('a provider can not be at %s, which is not public', async (url) => {
  expect(refusal(await put(url))).toEqual([400, 'invalid_value', 'base_url'])
})

/** These are the cloud's, and this operator has allowed even the ranges they are in. */
test.for([
  'http://169.254.169.254/v1',
  'http://169.254.170.2/v1',
  'http://0xa9fea9fe/v1',
  'http://100.100.100.200/v1',
  'http://168.63.129.16/v1',
  'http://[fe80::1]/v1',
  'http://[fd00:ec2::254]/v1',
  'http://[fd20:ce::254]/v1',
  'http://[::ffff:169.254.169.254]/v1',
  'http://[::ffff:a9fe:a9fe]/v1',
  'http://[::a9fe:a9fe]/v1',
  'http://[64:ff9b::a9fe:a9fe]/v1',
  'http://[2002:a9fe:a9fe::1]/v1',
])('a provider can never be at %s, whatever is allowed', async (url) => {
  expect(refusal(await put(url))).toEqual([400, 'invalid_value', 'base_url'])
})

test.for([
  ['https://api.example.com', 'https://api.example.com/'],
  ['https://api.example.com/openai/v1/', 'https://api.example.com/openai/v1/'],
  ['https://h.example/v1?api-version=2024-10-21', 'https://h.example/v1?api-version=2024-10-21'],
  ['HTTPS://H.Example:443/v1', 'https://h.example/v1'],
  ['http://8.8.8.8:8000/v1', 'http://8.8.8.8:8000/v1'],
  ['http://10.1.255.1/v1', 'http://10.1.255.1/v1'],
  ['http://[::ffff:10.1.0.1]/v1', 'http://[::ffff:a01:1]/v1'],
  ['http://[fd12::5]/v1', 'http://[fd12::5]/v1'],
  ['https://[2606:4700::1111]/v1', 'https://[2606:4700::1111]/v1'],
] as const)('a provider may have the base URL %s', async ([url, stored]) => {
  const { status, body } = await put(url)
  expect([status, body.base_url]).toEqual([200, stored])
})
