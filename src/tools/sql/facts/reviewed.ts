/** What the generated tables of system-names.ts don't tell: judged by hand, name by name. */
const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

/** Volatile by declaration, yet they change nothing, wait for nothing and read no file or other session's text. */
export const harmlessVolatile = words(`
  array_sample array_shuffle clock_timestamp current_query currval gen_random_uuid lastval random random_normal
  timeofday uuidv4 uuidv7 pg_blocking_pids pg_safe_snapshot_blocking_pids pg_collation_actual_version
  pg_database_collation_actual_version pg_control_checkpoint pg_control_init pg_control_recovery pg_control_system
  pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn pg_database_size pg_indexes_size
  pg_relation_size pg_table_size pg_total_relation_size pg_tablespace_size pg_is_in_recovery pg_is_wal_replay_paused
  pg_get_wal_replay_pause_state pg_jit_available pg_last_committed_xact pg_last_wal_receive_lsn
  pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_lock_status pg_notification_queue_usage
  pg_partition_ancestors pg_partition_tree pg_sequence_last_value pg_stat_get_backend_io pg_stat_get_backend_wal
  pg_stat_get_io pg_stat_get_recovery_prefetch pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit
  pg_stat_get_xact_function_calls pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time
  pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted pg_stat_get_xact_tuples_fetched
  pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted pg_stat_get_xact_tuples_newpage_updated
  pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated pg_stat_have_stats pg_get_wait_events
  pg_get_shmem_allocations pg_get_shmem_allocations_numa pg_get_wal_resource_managers pg_get_wal_summarizer_state
  pg_xact_commit_timestamp pg_xact_commit_timestamp_origin pg_xact_status txid_status`)

/** Change a sequence: DML. */
export const sequenceWriters = words('nextval setval')

/** Stable by declaration, and refused: SQL in a string, other sessions' statements, stored values behind no table, new transaction ids. */
export const refusedStill = words(`
  table_to_xml table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema
  schema_to_xml_and_xmlschema database_to_xml database_to_xmlschema database_to_xml_and_xmlschema
  fmgr_c_validator fmgr_internal_validator fmgr_sql_validator pg_cursor pg_prepared_statement
  pg_mcv_list_items pg_stat_get_activity pg_stat_get_backend_activity pg_stat_get_wal_receiver
  pg_current_xact_id txid_current pg_event_trigger_ddl_commands pg_event_trigger_dropped_objects`)

/** System tables that hold password hashes, connection strings, files' contents, or values of other tables. */
export const refusedRelations = words(`
  pg_catalog.pg_authid pg_catalog.pg_shadow pg_catalog.pg_statistic pg_catalog.pg_statistic_ext_data
  pg_catalog.pg_stats_ext_exprs pg_catalog.pg_largeobject pg_catalog.pg_file_settings
  pg_catalog.pg_hba_file_rules pg_catalog.pg_ident_file_mappings pg_catalog.pg_user_mapping
  pg_catalog.pg_prepared_statements pg_catalog.pg_cursors information_schema.user_mapping_options
  information_schema._pg_user_mappings`)

/** Single columns of that kind, in tables that are else for everybody. */
export const refusedColumns: Readonly<Record<string, ReadonlySet<string>>> = {
  'pg_catalog.pg_stat_activity': words('query'),
  'pg_catalog.pg_subscription': words('subconninfo'),
  'pg_catalog.pg_stat_wal_receiver': words('conninfo'),
  'pg_catalog.pg_user_mappings': words('umoptions'),
  'pg_catalog.pg_db_role_setting': words('setconfig'),
  'pg_catalog.pg_stats': words(
    'most_common_vals histogram_bounds most_common_elems range_bounds_histogram',
  ),
  'pg_catalog.pg_stats_ext': words('most_common_vals most_common_val_nulls most_common_freqs'),
  pg_stat_statements: words('query'),
}

/** Extensions whose immutable and stable functions compute on their arguments alone. */
export const pureExtensions = words(`
  btree_gin btree_gist citext cube dict_int dict_xsyn earthdistance fuzzystrmatch hstore intarray isn ltree
  pg_trgm pgcrypto postgis postgis_sfcgal seg tablefunc unaccent uuid-ossp vector pg_uuidv7 ip4r semver hll h3 rum`)

/** Functions of those extensions that read tables by name or run SQL, although they say stable. */
export const refusedOfExtensions = words(`
  connectby crosstab crosstab2 crosstab3 crosstab4 crosstabn find_srid findextent st_findextent
  st_estimatedextent postgis_extensions_upgrade postgis_full_version populate_geometry_columns
  postgis_constraint_srid postgis_constraint_type postgis_constraint_dims postgis_typmod_type get_proj4_from_srid`)

/** Volatile functions of those extensions that only make random values. */
export const harmlessOfExtensions = words(`
  gen_random_uuid gen_random_bytes gen_salt uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4
  uuid_generate_v7 normal_rand`)

/** Functions behind the views of monitoring extensions: allowed inside those views only. */
export const viewOnlyOfExtensions = words(`
  pg_stat_statements pg_stat_statements_info pg_buffercache_pages`)

/** Table sampling methods. */
export const samplingMethods = words('system bernoulli system_rows system_time')

/**
 * What may be computed from a masked column and still be shown (masked): its outcome, an error or a long run, must not
 * depend on the value.
 * - `all`: no value of any argument makes it fail.
 * - `first`, `second`: only this argument may be masked; the others can make it fail.
 * - `rest`: all but the first, which is a text without `*` (a width taken from a value).
 * - `stored`: fails on values that an expression can pick (overflow, arrays of unequal size): stored columns only.
 * - `values`: keys and values in turn, and a key that is NULL fails.
 */
export type Reach = 'all' | 'first' | 'second' | 'rest' | 'stored' | 'values'
const reaching = (reach: Reach, text: string): readonly (readonly [string, Reach])[] =>
  [...words(text)].map((name) => [name, reach] as const)
export const maskedReach: Readonly<Record<string, Reach>> = Object.fromEntries([
  ...reaching(
    'all',
    `lower upper initcap btrim ltrim rtrim trim length char_length character_length octet_length
    bit_length reverse concat concat_ws md5 quote_literal quote_nullable quote_ident count min max string_agg array_agg
    json_agg jsonb_agg xmlagg to_json to_jsonb row_to_json json_build_array jsonb_build_array
    row_number rank dense_rank percent_rank cume_dist lag lead first_value last_value any_value
    num_nulls num_nonnulls bool_and bool_or every textcat hashtext pg_typeof`,
  ),
  ...reaching(
    'first',
    `left right substr substring translate lpad rpad split_part strpos position overlay to_char round trunc
    array_to_string array_length cardinality jsonb_pretty nth_value`,
  ),
  ...reaching('rest', 'format'),
  ...reaching('second', 'date_trunc date_part extract'),
  ...reaching(
    'stored',
    'sum avg stddev stddev_pop stddev_samp variance var_pop var_samp array_append array_prepend array_cat',
  ),
  ...reaching('values', 'json_build_object jsonb_build_object'),
])

/** Whether an argument of a masked value, at `index`, stays within the reach. */
export const within = (reach: Reach, index: number, stored: boolean): boolean => {
  switch (reach) {
    case 'all':
      return true
    case 'first':
      return index === 0
    case 'second':
      return index === 1
    case 'rest':
      return index > 0
    case 'stored':
      return stored
    case 'values':
      return index % 2 === 1
  }
}
