import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { forged } from '../support/forger.ts'
import { browser, set } from '../support/gateway.ts'
import { openForgedGateway } from '../support/present.ts'

const gateway = await openForgedGateway()
const listed = { whitelistCallbackUrls: '["second.example.test"]' }
await gateway.control({ do: 'organisation', org: 'second', set: listed })
await gateway.refresh()

type Person = Readonly<{ org: string; groups: readonly string[]; units: readonly string[]; home: string }>
const [demo, second] = ['https://app.example.test/', 'https://second.example.test/']
const people: readonly Person[] = [
  { org: 'demo', groups: ['north-desk'], units: ['north'], home: demo },
  { org: 'demo', groups: ['chiefs'], units: ['north', 'south', 'west'], home: demo },
  { org: 'demo', groups: ['east-desk'], units: [], home: demo },
  { org: 'second', groups: ['east-desk'], units: ['east'], home: second },
  { org: 'second', groups: ['north-desk', 'chiefs'], units: [], home: second },
]

/** Four times everybody, all at once, in one instance. */
const allAtOnce = async (
  work: (person: Person, raw: string, number: number) => Promise<void>,
): Promise<void> => {
  const requests = [...people, ...people, ...people, ...people].map((person, number) => {
    const { org, groups } = person
    const claims = { org, groups, sub: `person ${number}`, jti: `crossed ${number}` }
    return work(person, forged({ claims }), number)
  })
  await Promise.all(requests)
}

describe('Twenty requests at once in one instance', () => {
  it('see the units of their own person and organisation', () =>
    allAtOnce(async ({ units }, bearer) => {
      const { body = '' } = await gateway.call('units', { bearer })
      deepEqual(
        JSON.parse(body).units.map(({ name }: { name: string }) => name),
        units,
      )
    }))

  it('end with the token and at the address of their own login', () =>
    allAtOnce(async ({ org, home }, raw, number) => {
      const person = browser()
      const query = `${await gateway.begin(person, `${home}${number}`, org)}&imid_token=${raw}`
      const answer = await gateway.call('callback', { query, cookies: person.pairs() })
      deepEqual([answer.headers.location, set(answer)[0]?.value], [`${home}${number}`, raw])
    }))

  it('follow the settings of their own instance', async () => {
    const settings = [{ MAX_TOKEN_AGE: '60' }, { TOKEN_ISSUER: 'https://other.test' }, {}]
    const polls = await Promise.all(
      settings.map((more) => gateway.open('token-is-set', gateway.instance(more))),
    )
    await allAtOnce(async (_, bearer) => {
      const answers = await Promise.all(polls.map((poll) => poll({ bearer })))
      equal(answers.map(({ statusCode }) => statusCode).join(), '401,401,200')
    })
  })
})
