/** Instead of the SDK's event streams: no call to DynamoDB or Secrets Manager has one. */
export class EventStreamSerde {
  constructor() {
    throw new TypeError('event streams are left out of the bundle')
  }
}
