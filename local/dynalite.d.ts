declare module 'dynalite' {
  import type { Server } from 'node:http'

  /**
   * DynamoDB in process. Without `path` it lives in memory; `createTableMs` is how long a table stays
   * CREATING.
   */
  export default function dynalite(options: { path?: string; createTableMs?: number }): Server
}
