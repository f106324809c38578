declare module 'dynalite' {
  import type { Server } from 'node:http'

  /**
   * DynamoDB in this process. Without `path`, data are in memory. `createTableMs`: how long a table stays in
   * state CREATING.
   */
  export default function dynalite(options: { path?: string; createTableMs?: number }): Server
}
