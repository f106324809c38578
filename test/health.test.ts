import { deepEqual, equal } from 'node:assert/strict'
import { describe } from 'node:test'
import { stateKey } from '../lib/store/keys.ts'
import type { Table } from '../lib/store/table.ts'
import { each } from './support/each.ts'
import { openGateway, type Request } from './support/gateway.ts'

const gateway = await openGateway()
const { open, table } = gateway
const state = await gateway.stored(stateKey)
const stateChecksum = state?.checksum?.S
const report = { headers: { accept: 'text/html, application/health+json' } }
/** A table without a state, and one that is down. */
const empty: Table['read'] = async () => new Map()
const down: Table['read'] = () => Promise.reject(new Error('down'))

/** Asks a new instance this many seconds after the last refresh. */
const ask = async (age: number, request: Request = {}, read = table.read) => {
  const on = gateway.instance({ GRACE_PERIOD: '200' })
  const now = () => Number(state?.lastSuccess?.N) + age
  return (await open('health', { ...on, now, table: { ...table, read } }))(request)
}

describe('GET /health', () => {
  const well = { inGrace: false, stateChecksum }
  const unhealthy = { inGrace: false, stateChecksum: 'No checksum string' }
  each('answers 200 until the grace period is over, then 500, with only inGrace and stateChecksum', [
    [200, 'ok', 0, table.read, well],
    [200, 'ok', 200, table.read, { ...well, inGrace: true }],
    [500, 'unhealthy', 201, table.read, unhealthy],
    [500, 'unhealthy', 0, empty, unhealthy],
    [500, 'unhealthy', 0, down, unhealthy],
  ])(async ([status, code, age, read, body]) => {
    const answer = await ask(age, {}, read)
    deepEqual([answer.statusCode, answer.body], [status, JSON.stringify(body)])
    equal(answer.headers['content-type'], 'application/json; charset=utf-8')
    equal(gateway.logs.at(-1)?.code, code)
  })

  each('adds status and ages for application/health+json', [
    [200, 0, table.read, { status: 'pass', ...well, stateAge: 0, gracePeriod: 200 }],
    [200, 181, table.read, { status: 'warn', ...well, inGrace: true, stateAge: 181, gracePeriod: 200 }],
    [500, 201, table.read, { status: 'fail', ...unhealthy, stateAge: 201, gracePeriod: 200 }],
    [500, 0, empty, { status: 'fail', ...unhealthy }],
  ])(async ([status, age, read, body]) => {
    const answer = await ask(age, report, read)
    deepEqual([answer.statusCode, answer.body], [status, JSON.stringify(body)])
    equal(answer.headers['content-type'], 'application/health+json; charset=utf-8')
  })

  each('answers HEAD like GET, without a body', [
    [table.read, {}],
    [empty, report],
  ])(async ([read, request]) => {
    const { body: _, ...get } = await ask(0, request, read)
    deepEqual(await ask(0, { ...request, method: 'HEAD' }, read), get)
  })
})
