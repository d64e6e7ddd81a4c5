#!/usr/bin/env node
// Verifies a bundle as `countersign audit verify BUNDLE --key K` does, and says how long that took: one JSON line.
import { verifyFile } from '../../dist/cli/audit-verify.js'

const [bundle, key] = process.argv.slice(2)
const { decisions, events, exit, findings, incomplete, ms } = await verifyFile(bundle, {
  key: [key],
})
process.stdout.write(
  JSON.stringify({
    exit,
    events,
    decisions,
    perSecond: Math.round((events * 1e3) / ms),
    rssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    findings: findings.slice(0, 3),
    incomplete,
  }),
)
