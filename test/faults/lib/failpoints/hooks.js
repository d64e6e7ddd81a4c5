// Three files of `dist/serve/` are replaced by files that import the real ones (`?real`) and wrap what they give.
const wrapped = /\/dist\/serve\/(ground|recording|rules)\.js$/

export const resolve = async (specifier, context, next) => {
  const found = await next(specifier, context)
  const [, name] = wrapped.exec(found.url) ?? []
  return name === undefined
    ? found
    : { url: new URL(`./${name}.js`, import.meta.url).href, format: 'module', shortCircuit: true }
}
