/** Replaces the SDK's event streams, which calls to DynamoDB and Secrets Manager never use. */
export class EventStreamSerde {
  constructor() {
    throw new TypeError('event streams are left out of the bundle')
  }
}
