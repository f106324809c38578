import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { router } from '../../local/routing.ts'

const keys = [
  '$default',
  'ANY /pets/{proxy+}',
  'GET /pets/{id}',
  'ANY /pets/dog',
  'GET /pets/dog',
  'GET /pets/dog/{n}',
  'GET /',
  'POST /a/{x}/b',
]
const find = router(keys.map((key) => ({ key, to: key })))
const without = router(keys.slice(1).map((key) => ({ key, to: key })))

describe('the choice of a route', () => {
  for (const [method, path, key, parameters] of [
    ['GET', '/pets/dog', 'GET /pets/dog', {}],
    ['PUT', '/pets/dog', 'ANY /pets/dog', {}],
    ['GET', '/pets/cat', 'GET /pets/{id}', { id: 'cat' }],
    ['PUT', '/pets/cat', 'ANY /pets/{proxy+}', { proxy: 'cat' }],
    ['GET', '/pets/dog/1', 'GET /pets/dog/{n}', { n: '1' }],
    ['GET', '/pets/dog/1/2', 'ANY /pets/{proxy+}', { proxy: 'dog/1/2' }],
    ['GET', '/', 'GET /', {}],
    ['GET', '/elsewhere', '$default', {}],
    ['POST', '/a/%C3%A5/b', 'POST /a/{x}/b', { x: 'å' }],
    ['POST', '/a/x%2Fb/b', 'POST /a/{x}/b', { x: 'x/b' }],
  ] as const)
    it(`${method} ${path} is ${key}`, () =>
      deepEqual(find(method, path), { routeKey: key, pathParameters: parameters, to: key }))

  for (const [method, path] of [
    ['POST', '/'],
    ['GET', '/pets'],
    ['POST', '/a//b'],
    ['POST', '/a/x/b/'],
    ['post', '/a/x/b'],
    ['POST', '/A/x/b'],
  ] as const)
    it(`${method} ${path} is none`, () => equal(without(method, path), undefined))

  for (const path of ['/%', '/pets/%zz', '/pets/%ff'])
    it(`${path} is malformed`, () => equal(find('GET', path), 'malformed'))
})
