import { deepEqual, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bundleSizes, overweight } from '../bench/sizes.ts'

describe('Bundles', () => {
  const sizes = bundleSizes()

  it('stay within their budgets', () => deepEqual(overweight(sizes), []))

  it('name what weighs too much', () => {
    const heavy = { ...sizes, login: { ...sizes.login, bytes: 300_000 } }
    ok(/^login: 300000 bytes, 228000 allowed: @smithy\/core \d+/.test(overweight(heavy)[0] ?? ''))
  })

  it('leave out what a function never uses', () => {
    const parts = new Set(Object.values(sizes).flatMap(({ parts }) => parts.map(([part]) => part)))
    for (const unused of [
      'mnemonist',
      '@aws-sdk/credential-provider-node',
      '@aws-sdk/nested-clients',
      'undici',
    ])
      ok(!parts.has(unused), unused)
  })
})
