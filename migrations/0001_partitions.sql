-- Payloads by month. An event's id is a uuidv7, so its first 48 bits are the milliseconds at which it was made, and a
-- month is a range of ids. What falls outside every month's range goes to the default partition and is never refused.
create table audit.payload_other partition of audit.payload default;
--> statement-breakpoint
create function audit.first_event_id(month date) returns uuid
language sql stable strict set search_path = pg_catalog
as $$
  select (lpad(to_hex((extract(epoch from month::timestamp at time zone 'UTC') * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;
--> statement-breakpoint
-- Makes the partitions of this month and the months after it, up to a year ahead; returns how many were new. It runs as
-- the owner, because the writer may make no tables, and takes nothing from its caller but a number.
create function audit.make_payload_months(ahead integer) returns integer
language plpgsql security definer set search_path = pg_catalog
as $$
declare
  first date := date_trunc('month', now() at time zone 'UTC')::date;
  month date;
  made integer := 0;
begin
  for step in 0 .. least(greatest(ahead, 0), 12) loop
    month := (first + make_interval(months => step))::date;
    continue when to_regclass('audit.payload_' || to_char(month, 'YYYYMM')) is not null;
    -- One at a time, also over gateways that start together.
    perform pg_advisory_xact_lock(4877001130219842);
    continue when to_regclass('audit.payload_' || to_char(month, 'YYYYMM')) is not null;
    begin
      execute format(
        'create table audit.%I partition of audit.payload for values from (%L) to (%L)',
        'payload_' || to_char(month, 'YYYYMM'),
        audit.first_event_id(month),
        audit.first_event_id((month + interval '1 month')::date)
      );
      made := made + 1;
    exception when check_violation then
      -- The default partition holds payloads of this month already; they stay there, readable as any other.
      null;
    end;
  end loop;
  return made;
end
$$;
--> statement-breakpoint
select audit.make_payload_months(12);
--> statement-breakpoint
-- A payload changes once and in one way: its contents go, and an earlier event says why.
create function audit.only_erase() returns trigger
language plpgsql set search_path = pg_catalog
as $$
begin
  if new.ciphertext is not null or new.nonce is not null or new.erased_at is null
    or (old.event_id, old.part, old.key_id) is distinct from (new.event_id, new.part, new.key_id)
    or not exists (
      select from audit.event where event.event_id = new.erase_event and event.type = 'retention.erase')
  then
    raise exception 'a payload can only be erased, and only after its retention.erase event'
      using errcode = 'insufficient_privilege';
  end if;
  return new;
end
$$;
--> statement-breakpoint
create trigger only_erase before update on audit.payload
for each row execute function audit.only_erase();
--> statement-breakpoint
-- An approval moves forward only; a spent, rejected, expired or cancelled one never comes back.
create function countersign.approval_forward() returns trigger
language plpgsql set search_path = pg_catalog
as $$
begin
  if old.state = new.state
    or (old.state = 'requested' and new.state in ('approved', 'rejected', 'expired', 'cancelled'))
    or (old.state = 'approved' and new.state in ('spent', 'rejected', 'expired', 'cancelled'))
  then
    return new;
  end if;
  raise exception 'an approval that is % can not become %', old.state, new.state
    using errcode = 'check_violation';
end
$$;
--> statement-breakpoint
create trigger approval_forward before update of state on countersign.approval
for each row execute function countersign.approval_forward();
--> statement-breakpoint
-- An event's row is a little over 2 kB, which by default is compressed and unpacked again at every look: a quarter of
-- the rate of appends, and half of the verifier's. Left plain, it takes a third more room.
alter table audit.event set (toast_tuple_target = 8160);
