import { repositories } from './contract/repositories.contract.ts'

repositories('the embedded database')
