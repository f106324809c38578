/** In the place of the SDK's cache of discovered endpoints: discovery is off, so nothing is ever put into it. */
export class EndpointCache {}
