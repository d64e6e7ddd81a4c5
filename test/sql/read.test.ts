import { reads } from './reads.ts'
import { openShop } from './support.ts'

reads(openShop)
