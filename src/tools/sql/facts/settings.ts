import { type Body, literalText } from './node.ts'
import { type Reading, refuse } from './reading.ts'

/** Judges the setting that a call of current_setting names. */
export const settingName = (r: Reading, name: string, args: readonly Body[]): void => {
  if (name !== 'current_setting' || r.author !== 'agent') return
  const text = literalText(args[0])
  r.found.functions.add(name)
  if (text === undefined)
    throw refuse(
      'current_setting takes the name of a setting as a literal here.',
      "Write current_setting('work_mem'), or select from pg_settings.",
    )
  checkSetting(text)
}

/** Throws for a setting that may hold a secret: connection strings, commands, and everything an application set. */
export const checkSetting = (name: string): void => {
  if (name.includes('.') || refusedSetting.test(name))
    throw refuse(
      `The setting ${name} is not for anybody here.`,
      'Settings of the server itself can be read.',
    )
}
const refusedSetting = /conninfo|_command$|passphrase|^ssl_.*file$|keyfile$/i
