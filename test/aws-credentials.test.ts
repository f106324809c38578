import { deepEqual } from 'node:assert/strict'
import { afterEach } from 'node:test'
import { defaultProvider } from '../lib/lambda/aws-credentials.ts'
import { each } from './support/each.ts'

const { env } = process
afterEach(() => {
  process.env = env
})

each('The credentials of a function come from its environment, and are empty without it', [
  [
    { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'session' },
    { accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'session' },
  ],
  [
    { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' },
    { accessKeyId: 'id', secretAccessKey: 'secret' },
  ],
  [{}, { accessKeyId: '', secretAccessKey: '' }],
])(async ([given, credentials]) => {
  process.env = given
  deepEqual(await defaultProvider()(), credentials)
})
