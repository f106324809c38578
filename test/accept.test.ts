import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { preferred, prefers, weight } from '../lib/http/accept.ts'
import { each } from './support/each.ts'

describe('An Accept header', () => {
  each('gives text/html the q value of its first entry, by default 1, and 0 without a valid entry', [
    ['text/html', 1],
    ['TEXT/HTML ; Q=0.3', 0.3],
    ['application/json, text/html;level=7;q=0.4', 0.4],
    ['text/html;q=high', 0],
    ['text/*, */*', 0],
    ['text/html;q=0.1, text/html', 0.1],
    ['', 0],
  ])(([accept, expected]) => equal(weight(accept, 'text/html'), expected))
})

describe('A choice between HTML and JSON', () => {
  each('is JSON unless the Accept header prefers HTML', [
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
  ])(([accept, expected]) => equal(prefers(accept, 'text/html', 'application/json'), expected))
})

describe('A very long Accept header', () => {
  it('is parsed to its end', () =>
    equal(prefers(`text/html,${'*/*,'.repeat(200_000)}`, 'text/html', 'application/json'), true))
})

describe('An Accept-Language header', () => {
  const written = [{ language: 'en' }, { language: 'sv' }] as const

  each('selects the available language with the highest q value, otherwise English', [
    ['', 'en'],
    ['sv', 'sv'],
    ['SV-se', 'sv'],
    ['sv-FI, sv;q=0.9, en;q=0.8', 'sv'],
    ['en-GB, sv;q=0.9', 'en'],
    ['en;q=0.3, sv;q=0.7', 'sv'],
    ['sv, en', 'sv'],
    ['en, sv', 'en'],
    ['de, sv;q=0.5', 'sv'],
    ['de, nb, fr;q=0.5', 'en'],
    ['*', 'en'],
    ['sv;q=0, en;q=0.1', 'en'],
    ['sv;q=0', 'en'],
    ['sv;q=much', 'en'],
    ['sw, svx, svenska, x-sv', 'en'],
    ['constructor, __proto__', 'en'],
    [';;,,q=1', 'en'],
  ])(([accept, expected]) => equal(preferred<{ language: string }>(accept, written).language, expected))
})
