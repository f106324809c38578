import { equal, ok, throws } from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import type { Config } from '../../lib/config.ts'
import { identityLoginUrl, ownLoginUrl } from '../../lib/redirect/login-url.ts'
import { isOrganisationName, organisationName } from '../../lib/redirect/organisation-name.ts'
import type { ReturnUrl } from '../../lib/redirect/return-url.ts'

const config = {
  publicUrl: 'https://gw.example.test' as Config['publicUrl'],
  imasUrl: 'https://imas.test/base',
  imasLoginPath: '/v1/org/{org}/login',
}
const pieces = '.. . / %2f ? # & = \\ {org} $& $1 ~ - _ a B 9 \n'.split(' ')
const piece = fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 2 }))
const name = fc.oneof(
  fc.array(piece, { maxLength: 6 }).map((parts) => parts.join('')),
  fc.stringMatching(/^[\w.~-]{0,70}$/),
)

it('An organisation name is refused, or becomes exactly one path segment of the login URLs', () => {
  let accepted = 0
  const property = fc.property(name, (text) => {
    if (!isOrganisationName(text)) return throws(() => organisationName(text), { code: 'bad_organisation' })
    accepted++
    const org = organisationName(text)
    ok(text.length <= 64)
    const url = new URL(identityLoginUrl(config, org, 'https://app.test/?a=1&b#c' as ReturnUrl, 'p'))
    equal(url.pathname, `/base/v1/org/${text}/login`)
    equal(`${[...url.searchParams.keys()]}${url.hash}`, 'callback')
    equal(new URL(ownLoginUrl(config, org, '/&#?')).pathname, `/imsg-service/v1/org/${text}/login`)
  })
  fc.assert(property, { numRuns: 3000 })
  ok(accepted > 200, `only ${accepted} were accepted`)
})
