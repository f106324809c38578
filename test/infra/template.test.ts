// One process for everything that reads the synthesised template: loading CDK and synthesising cost more than all assertions.
import './alarms.ts'
import './failures.ts'
import './api.ts'
import './iam.ts'
import './lifetime.ts'
import './stack.ts'
