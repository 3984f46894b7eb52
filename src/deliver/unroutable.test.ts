import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isUnroutable } from './unroutable.ts'

const HERE = ['0.0.0.0', '127.0.0.1', '127.9.9.9', '::', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:0.0.0.0']
const NOBODY = ['224.0.0.1', '255.255.255.255', 'ff02::1', '::127.0.0.1', '::ffff:224.0.0.1', 'no address']
const OTHERS = ['192.0.2.1', '10.0.0.1', '2001:db8::1', 'fd00::1', '::ffff:192.0.2.1']

for (const ip of [...HERE, ...NOBODY]) test(`${ip} is no other machine's`, () => assert.equal(isUnroutable(ip), true))
for (const ip of OTHERS) test(`${ip} may be another machine's`, () => assert.equal(isUnroutable(ip), false))
