/** Objects from the API as YAML 1.2, block style: a tenth of the time that a general writer takes. */
import type { Json } from '../../types.ts'
import { isObject } from './objects.ts'

/** Words that no parser, also of YAML 1.1, takes for anything but text. */
const plainForm = /^[A-Za-z_/][\w./@-]*(?:[ :][\w./@-]+)*$/
const otherMeaning = /^(?:null|true|false|yes|no|on|off|y|n|e[\d_.]*)$/i
/** Lines that a block keeps as they are: no control characters, no space at their ends, the first one not indented. */
const blockForm = /^[^\s#][\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\n]*$/

const scalar = (value: Json, indent: string): string => {
  if (typeof value !== 'string') return JSON.stringify(value)
  if (plainForm.test(value) && !otherMeaning.test(value)) return value
  // JSON's text is YAML's, double-quoted.
  if (!value.includes('\n') || !blockForm.test(value) || / (?:\n|$)/.test(value))
    return JSON.stringify(value)
  const body = value.endsWith('\n') ? value.slice(0, -1) : value
  if (body.endsWith('\n')) return JSON.stringify(value)
  const lines = body.split('\n').map((line) => (line === '' ? '' : `${indent}${line}`))
  return `|${value.endsWith('\n') ? '' : '-'}\n${lines.join('\n')}`
}

const keyText = (key: string): string =>
  key.includes('\n') ? JSON.stringify(key) : scalar(key, '')

const isEmpty = (value: Json): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0

/** What stands behind `key:` or `-`, with the space before it. */
const behind = (value: Json, indent: string, list: boolean): string => {
  if (typeof value !== 'object' || value === null) return ` ${scalar(value, indent)}\n`
  if (isEmpty(value)) return Array.isArray(value) ? ' []\n' : ' {}\n'
  return list ? ` ${block(value, indent).slice(indent.length)}` : `\n${block(value, indent)}`
}

const block = (value: Json, indent: string): string => {
  if (isObject(value))
    return Object.entries(value)
      .map(([key, member]) => `${indent}${keyText(key)}:${behind(member, `${indent}  `, false)}`)
      .join('')
  return (value as readonly Json[])
    .map((member) => `${indent}-${behind(member, `${indent}  `, true)}`)
    .join('')
}

/** Ends with a line break. The depth of what is given has been checked. */
export const yamlText = (value: Json): string =>
  typeof value !== 'object' || value === null || isEmpty(value)
    ? `${JSON.stringify(value)}\n`
    : block(value, '')
