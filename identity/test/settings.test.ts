import { equal } from 'node:assert/strict'
import { each } from '../../test/support/each.ts'
import { readSettings } from '../settings.ts'

const settings = (IDENTITY_URL: string) =>
  readSettings({
    IDENTITY_URL,
    PUBLIC_URL: 'https://gw.example.com',
    ORGANISATIONS: 'organisations.json',
    SIGNING_KEYS: '2026-11-27',
  })

each('Providers on loopback are allowed only to a service that is there too', [
  ['https://id.example.com', false],
  ['https://localhost.example.com', false],
  ['https://identity.imsg.localhost:3001', true],
  ['http://localhost:3001', true],
])(([url, allowed]) => equal(settings(url).localProviders, allowed))
