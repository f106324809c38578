import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { languageFor, prefers, weight } from '../lib/http/accept.ts'

describe('An Accept header', () => {
  for (const [accept, expected] of [
    ['text/html', 1],
    ['TEXT/HTML ; Q=0.3', 0.3],
    ['application/json, text/html;level=7;q=0.4', 0.4],
    ['text/html;q=high', 0],
    ['text/*, */*', 0],
    ['text/html;q=0.1, text/html', 0.1],
    ['', 0],
  ] as const)
    it(`gives text/html the weight ${expected}: ${JSON.stringify(accept)}`, () =>
      equal(weight(accept, 'text/html'), expected))
})

describe('A choice between HTML and JSON', () => {
  for (const [accept, expected] of [
    ['text/html', true],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
    ['text/html, */*', true],
    ['text/html;q=0.9, application/json;q=0.8', true],
    ['text/html;q=0.5, application/json;q=0.1, */*', true],
    ['text/html;q=0.2, text/*;q=0.9', true],
    ['text/html, application/json', false],
    ['text/html;q=0.1, */*', false],
    ['text/html;q=0.5, application/*;q=0.6', false],
    ['text/html;q=0.4, application/*;q=0.3, */*;q=0.5', false],
    ['text/html;q=0', false],
    ['application/json', false],
    ['*/*', false],
    ['text/*', false],
    ['', false],
  ] as const)
    it(`falls to ${expected ? 'HTML' : 'JSON'}: ${JSON.stringify(accept)}`, () =>
      equal(prefers(accept, 'text/html', 'application/json'), expected))
})

describe('An Accept header without end', () => {
  it('is read to its end', () =>
    equal(prefers(`text/html,${'*/*,'.repeat(200_000)}`, 'text/html', 'application/json'), true))
})

describe('An Accept-Language header', () => {
  for (const [accept, expected] of [
    ['sv', 'sv'],
    ['sv-SE;q=0.9, en;q=0.8', 'sv'],
    ['en, sv', 'en'],
    ['sv, en', 'sv'],
    ['de, sv;q=0', 'en'],
    ['svenska', 'en'],
    ['*', 'en'],
    ['', 'en'],
  ] as const)
    it(`chooses ${expected}: ${JSON.stringify(accept)}`, () => equal(languageFor(accept), expected))
})
