import { deepEqual, equal } from 'node:assert/strict'
import { describe } from 'node:test'
import { router } from '../../local/routing.ts'
import { each } from '../support/each.ts'

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
  each('is the most specific that fits', [
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
  ])(([method, path, key, parameters]) =>
    deepEqual(find(method, path), { routeKey: key, pathParameters: parameters, to: key }),
  )

  each('is none where nothing fits', [
    ['POST', '/'],
    ['GET', '/pets'],
    ['POST', '/a//b'],
    ['POST', '/a/x/b/'],
    ['post', '/a/x/b'],
    ['POST', '/A/x/b'],
  ])(([method, path]) => equal(without(method, path), undefined))

  each('is malformed when a segment cannot be decoded', ['/%', '/pets/%zz', '/pets/%ff'])((path) =>
    equal(find('GET', path), 'malformed'),
  )
})
