import { openShop } from './support.ts'
import { tools } from './tools.ts'

tools(openShop)
