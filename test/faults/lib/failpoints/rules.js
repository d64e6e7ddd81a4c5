// Failpoints `tool.run` and `prepared` (match: the tool's name).
import { around, real } from './control.js'

const { openRules: open } = await real('dist/serve/rules.js')

const wrap = (tool) => ({
  ...tool,
  run: (input, facts, session) =>
    around('tool.run', tool.name, () =>
      tool.run(input, facts, {
        ...session,
        prepared: (detail) => around('prepared', tool.name, () => session.prepared(detail)),
      }),
    ),
})

export const openRules = async (...args) => {
  const rules = await open(...args)
  return { ...rules, tools: { ...rules.tools, tools: rules.tools.tools.map(wrap) } }
}
