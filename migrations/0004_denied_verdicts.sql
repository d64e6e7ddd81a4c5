-- A call that a pause stops, or that no rule could be asked of, is denied without a policy set's record.
create or replace view audit.events with (security_barrier) as
select
  e.event_id as event_id,
  (e.header ->> 't_wall')::timestamptz as at,
  e.header ->> 't_src' as clock,
  e.stream_id as stream,
  e.seq as seq,
  e.type as type,
  e.call_id as call_id,
  e.header -> 'actor' ->> 'iss' as iss,
  e.header -> 'actor' ->> 'sub' as sub,
  e.header -> 'actor' ->> 'client' as client,
  e.header -> 'actor' -> 'groups' as groups,
  e.header -> 'origin' ->> 'via' as via,
  e.header -> 'origin' ->> 'auth' as auth,
  e.header -> 'origin' ->> 'session' as session,
  e.header ->> 'tool' as tool,
  e.header ->> 'target' as target,
  e.header ->> 'target_identity' as target_identity,
  e.header ->> 'effect' as effect,
  e.header -> 'facts' as facts,
  coalesce(e.header -> 'policy' ->> 'decision', case e.type when 'call.denied' then 'deny' end) as verdict,
  e.header -> 'policy' -> 'rules' as rules,
  e.header -> 'policy' ->> 'set' as policy_set,
  e.header -> 'approval' as approval,
  e.header -> 'outcome' ->> 'status' as outcome,
  e.header -> 'outcome' ->> 'code' as code,
  e.header -> 'mask' -> 'hits' as masked,
  e.header -> 'detail' as detail,
  encode(e.leaf, 'hex') as receipt
from audit.event e;
--> statement-breakpoint
create or replace view audit.calls with (security_barrier) as
select
  r.call_id as call_id,
  (r.header ->> 't_wall')::timestamptz as at,
  r.header -> 'actor' ->> 'iss' as iss,
  r.header -> 'actor' ->> 'sub' as sub,
  r.header -> 'actor' ->> 'client' as client,
  r.header -> 'actor' -> 'groups' as groups,
  r.header -> 'origin' ->> 'via' as via,
  r.header ->> 'tool' as tool,
  coalesce(d.header ->> 'target', r.header ->> 'target') as target,
  coalesce(i.header ->> 'target_identity', d.header ->> 'target_identity', r.header ->> 'target_identity') as target_identity,
  coalesce(d.header ->> 'effect', r.header ->> 'effect') as effect,
  coalesce(d.header -> 'facts', r.header -> 'facts') as facts,
  case d.type when 'call.refused' then 'refused' when 'call.denied' then 'deny' else d.header -> 'policy' ->> 'decision' end as verdict,
  d.header -> 'policy' -> 'rules' as rules,
  i.header -> 'approval' -> 'by' as approvers,
  (i.header ->> 't_wall')::timestamptz as started_at,
  (t.header ->> 't_wall')::timestamptz as ended_at,
  coalesce(t.header -> 'outcome' ->> 'status', d.header -> 'outcome' ->> 'status') as outcome,
  coalesce(t.header -> 'outcome' ->> 'code', d.header -> 'outcome' ->> 'code') as code,
  (t.header -> 'outcome' ->> 'rows')::bigint as rows,
  (t.header -> 'outcome' ->> 'bytes')::bigint as bytes,
  (t.header -> 'outcome' ->> 'truncated')::boolean as truncated,
  round((t.header -> 'outcome' ->> 'duration_us')::numeric / 1000, 3) as duration_ms,
  t.header -> 'mask' -> 'hits' as masked,
  r.stream_id as stream,
  r.seq as seq,
  encode(coalesce(t.leaf, d.leaf, r.leaf), 'hex') as receipt
from audit.event r
left join lateral (
  select e.type, e.header, e.leaf from audit.event e
  where e.call_id = r.call_id and e.type in ('call.denied', 'call.refused', 'approval.requested', 'call.intent')
  order by e.event_id limit 1
) d on true
left join lateral (
  select e.header, e.leaf from audit.event e
  where e.call_id = r.call_id and e.type = 'call.intent'
  order by e.event_id limit 1
) i on true
left join lateral (
  select e.header, e.leaf from audit.event e
  where e.header ->> 'parent' = encode(i.leaf, 'hex') and e.type in ('call.result', 'call.error', 'call.unknown')
  limit 1
) t on true
where r.type = 'call.received';
