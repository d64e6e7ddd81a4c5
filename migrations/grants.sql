-- Roles and what each may do, applied again by every `countersign migrate`: a dump restored on another server brings no
-- roles along. Everything is taken away first, so that this file is all there is.
do $$
declare name text;
begin
  foreach name in array array['countersign_writer', 'countersign_eraser', 'countersign_auditor'] loop
    if not exists (select from pg_roles where rolname = name) then
      begin
        execute format('create role %I nologin nosuperuser nocreatedb nocreaterole noreplication nobypassrls', name);
      exception when duplicate_object or unique_violation then
        null; -- Another database of this server was migrated at the same moment.
      end;
    end if;
  end loop;
end
$$;

-- Before PostgreSQL 15 whoever connects may make tables in "public"; an auditor may not. Where we don't own that schema this
-- is a warning, and the database's owner has the last word.
do $$
begin
  if to_regnamespace('public') is not null then
    revoke create on schema public from public;
  end if;
end
$$;

revoke all on schema audit, countersign from public, countersign_writer, countersign_eraser, countersign_auditor;
revoke all on all tables in schema audit, countersign from public, countersign_writer, countersign_eraser, countersign_auditor;
revoke all on all sequences in schema audit, countersign from public, countersign_writer, countersign_eraser, countersign_auditor;
revoke all on all functions in schema audit, countersign from public, countersign_writer, countersign_eraser, countersign_auditor;

-- The writer: appends, and moves its stream's head. It deletes nothing of the log and changes nothing that was written.
grant usage on schema audit, countersign to countersign_writer;
grant select, insert on audit.stream, audit.event, audit.payload, audit.data_key, audit.leaf, audit.checkpoint, audit.legal_hold
  to countersign_writer;
grant update (epoch, closed_at, seq, head, lease_until) on audit.stream to countersign_writer;
grant select on audit.events, audit.calls, audit.approvals, audit.access to countersign_writer;
grant execute on function audit.make_payload_months(integer) to countersign_writer;

grant select, insert on all tables in schema countersign to countersign_writer;
revoke insert on countersign.migration from countersign_writer;
grant update (state, sealed_input, sealed_key, ended_at) on countersign.approval to countersign_writer;
grant update on countersign.secret, countersign.idempotency, countersign.meta to countersign_writer;
grant delete on countersign.idempotency to countersign_writer;
grant update (lifted_at, lifted_by) on countersign.pause to countersign_writer;

-- The eraser: empties payloads (a trigger asks for the retention.erase event first) and destroys data keys.
grant usage on schema audit to countersign_eraser;
grant select on audit.stream, audit.event, audit.payload, audit.data_key, audit.leaf, audit.legal_hold to countersign_eraser;
grant update (nonce, ciphertext, erased_at, erase_event) on audit.payload to countersign_eraser;
grant update (wrapped, destroyed_at) on audit.data_key to countersign_eraser;
grant update (lifted_at, lifted_event) on audit.legal_hold to countersign_eraser;

-- The auditor: the four views and nothing else.
grant usage on schema audit to countersign_auditor;
grant select on audit.events, audit.calls, audit.approvals, audit.access to countersign_auditor;
