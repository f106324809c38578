import { deepEqual, equal, ok } from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { fromOurPage, openGateway } from '../support/gateway.ts'
import { nothingGained, standing, withoutToken } from '../support/refused.ts'

const gateway = await openGateway()
const still = standing(gateway)
const raw = await gateway.token()
/** The units that this person belongs to. */
const { body: units = '' } = await gateway.call('units', { bearer: raw })
const held = JSON.parse(units).units.map(({ name }: { name: string }) => name)

const headers = { ...fromOurPage, 'content-type': 'application/json' }
const send = (body: string, base64: boolean) => {
  gateway.front.reset()
  return still.call('unit', { cookies: [`imidToken=${raw}`], headers, body, base64 })
}

const pieces =
  '{ } [ ] : , " "unit" "unit": null true 1 1e999 \\u0000 {"unit":null} {"unit":"north"} {"__proto__":{}}'
const piece = fc.oneof(
  fc.constantFrom(...pieces.split(' '), '"constructor"', ' ', '\ufeff', '\ud800'),
  fc.string({ unit: 'binary', maxLength: 3 }),
)
const text = fc.oneof(
  fc.array(piece, { maxLength: 6 }).map((parts) => parts.join('')),
  fc.json({ maxDepth: 3 }),
  fc.jsonValue({ maxDepth: 2 }).map((unit) => JSON.stringify({ unit })),
)

it('any body chooses a unit that is held, or none, or is refused without a write; in base64 too', async () => {
  const property = fc.asyncProperty(fc.oneof(text, fc.uint8Array({ maxLength: 24 })), async (sent) => {
    const bytes = Buffer.from(sent as string)
    const answer = await send(bytes.toString('base64'), true)
    const isText = typeof sent === 'string' && sent.isWellFormed()
    if (isText) deepEqual(await send(sent, false), answer)
    withoutToken(JSON.stringify(answer), raw)
    if (answer.statusCode !== 200) {
      ok([400, 403].includes(answer.statusCode), gateway.lines.at(-1))
      return nothingGained(gateway, answer)
    }
    const { unit } = JSON.parse(bytes.toString())
    ok(unit === null || held.includes(unit))
    equal(gateway.front.calls.write, 1)
  })
  await fc.assert(property, { numRuns: 400 })
})
