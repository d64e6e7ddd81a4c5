-- What an auditor reads: names, never contents. They show `header`, the index; what the hashed bytes say is for
-- `countersign audit verify` to compare.
create view audit.events with (security_barrier) as
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
  e.header -> 'policy' ->> 'decision' as verdict,
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
comment on view audit.events is 'every event of the log, one line each, in no order of its own';
comment on column audit.events.event_id is 'id of the event; sorts by time';
comment on column audit.events.at is 'when, by the gateway''s clock';
comment on column audit.events.clock is 'how far that clock can be trusted: ntp, unsynced or jumped';
comment on column audit.events.stream is 'stream of the gateway process that wrote it';
comment on column audit.events.seq is 'place in the stream, without gaps';
comment on column audit.events.type is 'what happened';
comment on column audit.events.call_id is 'call that it belongs to, if any';
comment on column audit.events.iss is 'issuer that vouched for who did it';
comment on column audit.events.sub is 'who did it, by the issuer''s stable id';
comment on column audit.events.client is 'verified client that acted for them, or empty';
comment on column audit.events.groups is 'their groups at that moment';
comment on column audit.events.via is 'by which way it came: http, socket, stdio, cli, console or gateway';
comment on column audit.events.auth is 'how they proved who they are';
comment on column audit.events.session is 'id of their session';
comment on column audit.events.tool is 'tool that was called';
comment on column audit.events.target is 'target, by its name in the configuration';
comment on column audit.events.target_identity is 'target, by what it says it is';
comment on column audit.events.effect is 'read, write or admin';
comment on column audit.events.facts is 'names of what was touched: tables, objects, programs, routes';
comment on column audit.events.verdict is 'allow, hold or deny';
comment on column audit.events.rules is 'policies that decided';
comment on column audit.events.policy_set is 'hash of the policy set that decided';
comment on column audit.events.approval is 'what was asked of approvers, or who approved';
comment on column audit.events.outcome is 'how it ended';
comment on column audit.events.code is 'code of the outcome: OK or an error code';
comment on column audit.events.masked is 'what was masked: kind and count';
comment on column audit.events.detail is 'what else this type of event says';
comment on column audit.events.receipt is 'leaf hash, as in the receipt that the caller got';
--> statement-breakpoint
create view audit.calls with (security_barrier) as
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
  case d.type when 'call.refused' then 'refused' else d.header -> 'policy' ->> 'decision' end as verdict,
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
--> statement-breakpoint
comment on view audit.calls is 'every call: who, what, when, the verdict and how it ended';
comment on column audit.calls.call_id is 'id of the call';
comment on column audit.calls.at is 'when it was received, by the gateway''s clock';
comment on column audit.calls.iss is 'issuer that vouched for the caller';
comment on column audit.calls.sub is 'caller, by the issuer''s stable id';
comment on column audit.calls.client is 'verified client that acted for the caller, or empty';
comment on column audit.calls.groups is 'the caller''s groups at that moment';
comment on column audit.calls.via is 'by which way it came';
comment on column audit.calls.tool is 'tool that was called';
comment on column audit.calls.target is 'target, by its name in the configuration';
comment on column audit.calls.target_identity is 'target, by what it says it is';
comment on column audit.calls.effect is 'read, write or admin';
comment on column audit.calls.facts is 'names of what was touched: tables, objects, programs, routes';
comment on column audit.calls.verdict is 'allow, hold, deny, or refused before any decision';
comment on column audit.calls.rules is 'policies that decided';
comment on column audit.calls.approvers is 'who approved it, for a call that was held and ran';
comment on column audit.calls.started_at is 'when its run was recorded as intended; null: it never ran';
comment on column audit.calls.ended_at is 'when its end was recorded; null with started_at: it runs, or awaits recovery';
comment on column audit.calls.outcome is 'how it ended';
comment on column audit.calls.code is 'code of the outcome: OK or an error code';
comment on column audit.calls.rows is 'rows that were returned or changed, where there are rows';
comment on column audit.calls.bytes is 'bytes that the caller got, after masking';
comment on column audit.calls.truncated is 'whether the output was cut at a limit';
comment on column audit.calls.duration_ms is 'how long the run took';
comment on column audit.calls.masked is 'what was masked: kind and count';
comment on column audit.calls.stream is 'stream that holds its first event';
comment on column audit.calls.seq is 'place of its first event in that stream';
comment on column audit.calls.receipt is 'leaf hash of its last event';
--> statement-breakpoint
create view audit.approvals with (security_barrier) as
select
  q.call_id as call_id,
  (q.header ->> 't_wall')::timestamptz as requested_at,
  q.header -> 'actor' ->> 'iss' as iss,
  q.header -> 'actor' ->> 'sub' as sub,
  q.header -> 'actor' ->> 'client' as client,
  q.header ->> 'tool' as tool,
  q.header ->> 'target' as target,
  q.header ->> 'effect' as effect,
  q.header -> 'facts' as facts,
  q.header -> 'policy' -> 'rules' as rules,
  q.header -> 'approval' -> 'needs' as needs,
  q.header -> 'approval' ->> 'expires' as expires,
  a.granted_by as granted_by,
  a.rejected_by as rejected_by,
  a.ended as ended,
  a.ended_at as ended_at,
  encode(q.leaf, 'hex') as receipt
from audit.event q
left join lateral (
  select
    jsonb_agg(jsonb_build_object('iss', e.header -> 'actor' -> 'iss', 'sub', e.header -> 'actor' -> 'sub', 'at', e.header -> 't_wall') order by e.event_id)
      filter (where e.type = 'approval.granted') as granted_by,
    jsonb_agg(jsonb_build_object('iss', e.header -> 'actor' -> 'iss', 'sub', e.header -> 'actor' -> 'sub', 'at', e.header -> 't_wall') order by e.event_id)
      filter (where e.type = 'approval.rejected') as rejected_by,
    (array_agg(case e.type when 'call.intent' then 'spent' else substr(e.type, 10) end order by e.event_id)
      filter (where e.type in ('call.intent', 'approval.rejected', 'approval.expired', 'approval.cancelled')))[1] as ended,
    min((e.header ->> 't_wall')::timestamptz)
      filter (where e.type in ('call.intent', 'approval.rejected', 'approval.expired', 'approval.cancelled')) as ended_at
  from audit.event e
  where e.call_id = q.call_id
) a on true
where q.type = 'approval.requested';
--> statement-breakpoint
comment on view audit.approvals is 'every call that was held: what was asked, who answered, what came of it';
comment on column audit.approvals.call_id is 'id of the call';
comment on column audit.approvals.requested_at is 'when it was held, by the gateway''s clock';
comment on column audit.approvals.iss is 'issuer that vouched for the caller';
comment on column audit.approvals.sub is 'caller, by the issuer''s stable id';
comment on column audit.approvals.client is 'verified client that acted for the caller, or empty';
comment on column audit.approvals.tool is 'tool that was called';
comment on column audit.approvals.target is 'target, by its name in the configuration';
comment on column audit.approvals.effect is 'read, write or admin';
comment on column audit.approvals.facts is 'names of what would be touched';
comment on column audit.approvals.rules is 'policies that asked for approval';
comment on column audit.approvals.needs is 'how many of which groups were asked for';
comment on column audit.approvals.expires is 'until when it could be answered';
comment on column audit.approvals.granted_by is 'who approved, with the time of each answer';
comment on column audit.approvals.rejected_by is 'who rejected, with the time of each answer';
comment on column audit.approvals.ended is 'spent, rejected, expired or cancelled; null while it is open';
comment on column audit.approvals.ended_at is 'when it ended';
comment on column audit.approvals.receipt is 'leaf hash of the request';
--> statement-breakpoint
create view audit.access with (security_barrier) as
select
  e.event_id as event_id,
  (e.header ->> 't_wall')::timestamptz as at,
  e.type as type,
  e.header -> 'actor' ->> 'iss' as iss,
  e.header -> 'actor' ->> 'sub' as sub,
  e.header -> 'actor' -> 'groups' as groups,
  e.header -> 'origin' ->> 'via' as via,
  e.header -> 'origin' ->> 'auth' as auth,
  e.call_id as call_id,
  e.header -> 'detail' as detail,
  encode(e.leaf, 'hex') as receipt
from audit.event e
where e.type in ('access.viewed', 'export.moved');
--> statement-breakpoint
comment on view audit.access is 'who looked into the contents of the log, or took a copy of it';
comment on column audit.access.event_id is 'id of the event; sorts by time';
comment on column audit.access.at is 'when, by the gateway''s clock';
comment on column audit.access.type is 'access.viewed: contents of a call were shown; export.moved: a copy was made';
comment on column audit.access.iss is 'issuer that vouched for who looked';
comment on column audit.access.sub is 'who looked, by the issuer''s stable id';
comment on column audit.access.groups is 'their groups at that moment';
comment on column audit.access.via is 'by which way they came';
comment on column audit.access.auth is 'how they proved who they are';
comment on column audit.access.call_id is 'call whose contents were shown';
comment on column audit.access.detail is 'what was looked at or copied';
comment on column audit.access.receipt is 'leaf hash of the event';
