// Failpoint `sql` (match: a part of the statement's text) around every statement that the process sends by `pg`.
import pg from 'pg'
import { reach } from './control.js'

const query = pg.Client.prototype.query
pg.Client.prototype.query = function (config, values, callback) {
  const text = typeof config === 'string' ? config : (config?.text ?? '')
  const send = () => query.call(this, config, values, callback)
  // Only statements that are waited for by promise can be held; pools and the log use no other.
  if (typeof values === 'function' || typeof callback === 'function') return send()
  const before = reach('sql', 'before', text)
  const sent = before === undefined ? send() : before.then(send)
  if (!(sent instanceof Promise)) return sent
  return sent.then((result) => {
    const after = reach('sql', 'after', text)
    return after === undefined ? result : after.then(() => result)
  })
}
