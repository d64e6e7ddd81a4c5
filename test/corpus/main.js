#!/usr/bin/env node
// Drives every case of corpus files through the front door: an MCP client, a running gateway, real targets.
// usage: npm run corpus -- FILE... [--only sql|kube|http|ssh] [--dialect postgres] [--json]
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startGateway } from './gateway.js'
import { judge, total } from './judge.js'

const families = {
  sql: () => import('./sql.js'),
  kube: () => import('./kube.js'),
  http: () => import('./http.js'),
  ssh: () => import('./ssh.js'),
}
/** Dialects that a target of ours speaks; cases of others are counted, not run. */
const dialects = new Set(['postgres'])

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    dialect: { type: 'string' },
    json: { type: 'boolean' },
  },
})
if (positionals.length === 0 || (values.only !== undefined && !(values.only in families))) {
  process.stderr.write(
    'usage: npm run corpus -- FILE... [--only sql|kube|http|ssh] [--dialect postgres] [--json]\n',
  )
  process.exit(64)
}

const cases = positionals.flatMap((file) => JSON.parse(readFileSync(file, 'utf8')))
const asked = cases.filter((one) => values.only === undefined || one.tool === values.only)
// Of shells and the like a dialect says how a case is meant, not which server it needs.
const spoken = (one) =>
  one.tool !== 'sql' ||
  one.dialect === undefined ||
  (dialects.has(one.dialect) && (values.dialect === undefined || one.dialect === values.dialect))
const run = asked.filter(spoken)
const say = (line) => process.stdout.write(`${line}\n`)

const rows = []
for (const tool of Object.keys(families)) {
  const own = run.filter((one) => one.tool === tool)
  if (own.length === 0) continue
  const family = await (await families[tool]()).open()
  try {
    const gateway = await startGateway(family)
    try {
      let before = await family.snapshot()
      for (const one of own) {
        for (const call of family.calls(one)) {
          const answer =
            call.args === undefined
              ? { refused: { code: 'INEXPRESSIBLE' } }
              : await gateway.call(call.tool, call.args)
          const after = await family.snapshot()
          const row = judge(one, call, answer, before !== after, family.canaries)
          if (row.changed) before = after
          rows.push({ one, row })
          if (values.json) say(JSON.stringify(row))
          else if (row.got !== 'deny' || one.expect === 'allow')
            say(
              `${row.id.padEnd(10)} ${row.tool.padEnd(12)} want ${row.expect.padEnd(24)} got ${row.got} ${row.code}${row.changed ? ' CHANGED' : ''}`,
            )
        }
        // A case that knocked a limit may leave a target busy; the family says when it is ready again.
        await family.settle?.()
      }
    } finally {
      await gateway.stop()
    }
  } finally {
    await family.close()
  }
}

/** Cases of tools that this runner has no target for: said, so that nobody takes them for passed. */
const unrun = run.filter((one) => !Object.hasOwn(families, one.tool))
const summary = {
  ...total(rows),
  ...(unrun.length > 0 ? { not_run: unrun.length } : {}),
  ...(asked.length > run.length ? { other_dialects: asked.length - run.length } : {}),
}
say(JSON.stringify({ corpus: summary }))
process.exit(summary.adversarial_allowed + summary.benign_refused + summary.changed === 0 ? 0 : 1)
