import { equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Config } from '../../lib/config.ts'
import { Problem } from '../../lib/problem.ts'
import { identityLoginUrl, ownLoginUrl } from '../../lib/redirect/login-url.ts'
import { isOrganisationName, organisationName } from '../../lib/redirect/organisation-name.ts'
import type { ReturnUrl } from '../../lib/redirect/return-url.ts'
import { organisationKey, subjectKey } from '../../lib/store/keys.ts'

const config = {
  publicUrl: 'https://gw.example.test' as Config['publicUrl'],
  imasUrl: 'https://imas.test/base',
  imasLoginPath: '/v1/org/{org}/login',
}
const pieces = [
  '..',
  '.',
  '/',
  '%2f',
  '?',
  '#',
  '&',
  '=',
  '\\',
  '{org}',
  '$&',
  '$1',
  '~',
  '-',
  '_',
  'a',
  'B',
  '9',
  '\n',
]
const piece = fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 2 }))
const name = fc.oneof(
  fc.array(piece, { maxLength: 6 }).map((parts) => parts.join('')),
  fc.stringMatching(/^[\w.~-]{0,70}$/),
)

describe('any name of an organisation', () => {
  it('is one segment of the login address, or a 400', () => {
    let accepted = 0
    fc.assert(
      fc.property(name, (text) => {
        try {
          const org = organisationName(text)
          accepted++
          ok(isOrganisationName(text) && text.length <= 64)
          const url = new URL(identityLoginUrl(config, org, 'https://app.test/?a=1&b#c' as ReturnUrl, 'p'))
          equal(url.pathname, `/base/v1/org/${text}/login`)
          equal([...url.searchParams.keys()].join(), 'callback')
          equal(url.hash, '')
          equal(new URL(ownLoginUrl(config, org, '/&#?')).pathname, `/imsg-service/v1/org/${text}/login`)
        } catch (error) {
          if (!(error instanceof Problem)) throw error
          equal(error.code, 'bad_organisation')
          ok(!isOrganisationName(text))
        }
      }),
      { numRuns: 3000 },
    )
    ok(accepted > 200, `only ${accepted} were accepted`)
  })

  it('never shares a key of the table with another, nor its people with those of another', () => {
    const any = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 6 }),
      fc.constantFrom('a#b', 'a', 'b#c', 'c', '%23', '#', 'SUBJECT'),
    )
    fc.assert(
      fc.property(any, any, any, any, (org, subject, otherOrg, other) => {
        equal(organisationKey(org) === organisationKey(otherOrg), org === otherOrg)
        equal(subjectKey(org, subject) === subjectKey(otherOrg, other), org === otherOrg && subject === other)
      }),
      { numRuns: 2000 },
    )
  })
})
