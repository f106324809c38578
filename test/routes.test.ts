import { deepEqual } from 'node:assert/strict'
import { methodsAndPaths, routes } from '../lib/routes.ts'
import { each } from './support/each.ts'

const health = '/imsg-service/v1/health'
each('A route has the methods and path of its row in the table, and none when its row has no path', [
  [routes.unit, [{ method: 'POST', path: '/imsg-service/v1/unit' }]],
  [
    routes.health,
    [
      { method: 'GET', path: health },
      { method: 'HEAD', path: health },
    ],
  ],
  [routes['not-found'], []],
])(([route, expected]) => deepEqual(methodsAndPaths(route), expected))
