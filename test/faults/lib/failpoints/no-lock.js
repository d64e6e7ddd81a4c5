// Every process that loads this believes that it holds the advisory lock of the integrator: two of them integrate at once.
import pg from 'pg'

const query = pg.Client.prototype.query
pg.Client.prototype.query = function (config, values, callback) {
  const given =
    typeof config?.text === 'string' && config.text.includes('pg_try_advisory_lock')
      ? { ...config, text: 'select $1::bigint is not null as got' }
      : config
  return query.call(this, given, values, callback)
}
