// One process for all tests of the synthesised template: loading CDK and synthesising take longer than all
// assertions.
import './alarms.ts'
import './failures.ts'
import './api.ts'
import './iam.ts'
import './lifetime.ts'
import './stack.ts'
