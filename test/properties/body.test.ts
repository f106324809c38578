import { deepEqual, equal, ok } from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import { fromOurPage, openGateway } from '../support/gateway.ts'
import { nothingGained, standing, withoutToken } from '../support/refused.ts'

const gateway = await openGateway()
const still = standing(gateway)
let raw = ''
let held: string[] = []
before(async () => {
  raw = await gateway.token()
  const { body = '' } = await gateway.call('units', { bearer: raw })
  held = JSON.parse(body).units.map(({ name }: { name: string }) => name)
})

const headers = { ...fromOurPage, 'content-type': 'application/json' }
const send = (body: string, base64: boolean) => {
  gateway.front.reset()
  return still.call('unit', { cookies: [`imidToken=${raw}`], headers, body, base64 })
}

const pieces = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '"',
  '"unit"',
  '"unit":',
  'null',
  'true',
  '1',
  '1e999',
  '\\u0000',
  ' ',
]
const whole = ['{"unit":null}', '{"unit":"north"}', '{"__proto__":{}}', '"constructor"', '\ufeff', '\ud800']
const piece = fc.oneof(
  fc.constantFrom(...pieces),
  fc.constantFrom(...whole),
  fc.string({ unit: 'binary', maxLength: 3 }),
)
const text = fc.oneof(
  fc.array(piece, { maxLength: 6 }).map((parts) => parts.join('')),
  fc.json({ maxDepth: 3 }),
  fc.jsonValue({ maxDepth: 2 }).map((unit) => JSON.stringify({ unit })),
)
const bytes = fc.uint8Array({ maxLength: 24 })

describe('any body', () => {
  it('chooses a unit that is held, or none, or is refused without a write', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof({ weight: 4, arbitrary: text }, bytes), fc.boolean(), async (sent, flag) => {
        const body =
          typeof sent !== 'string'
            ? Buffer.from(sent).toString('base64')
            : flag
              ? Buffer.from(sent).toString('base64')
              : sent
        const answer = await send(body, typeof sent !== 'string' || flag)
        withoutToken(JSON.stringify(answer), raw)
        if (answer.statusCode !== 200) {
          ok([400, 403].includes(answer.statusCode), `${answer.statusCode}`)
          return nothingGained(gateway, answer)
        }
        const { unit } = JSON.parse(typeof sent === 'string' ? sent : Buffer.from(sent).toString())
        ok(unit === null || held.includes(unit))
        equal(gateway.front.calls.write, 1)
      }),
      { numRuns: 400 },
    )
  })

  it('says the same as text and as base64', async () => {
    await fc.assert(
      fc.asyncProperty(
        text.filter((body) => body.isWellFormed()),
        async (body) => {
          const answers = [await send(body, false), await send(Buffer.from(body).toString('base64'), true)]
          deepEqual(answers[0], answers[1])
        },
      ),
      { numRuns: 150 },
    )
  })
})
