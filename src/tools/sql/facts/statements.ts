/** Statements beyond queries and DML: what each may hold, what it counts as, and why the rest is refused for everybody. */
const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

/** Nodes that DDL is made of, beside those of queries. */
export const ddlNodes = words(`
  Constraint ColumnDef TypeName TableLikeClause PartitionSpec PartitionElem PartitionBoundSpec PartitionCmd AlterTableCmd
  ATAlterConstraint
  DefElem ObjectWithArgs FunctionParameter StatsElem CollateClause VacuumRelation TriggerTransition
  ReplicaIdentityStmt CreateStmt CreateTableAsStmt IndexStmt AlterTableStmt DropStmt TruncateStmt RenameStmt ViewStmt RuleStmt
  CreateTrigStmt CreateSeqStmt AlterSeqStmt CreateSchemaStmt CreateEnumStmt AlterEnumStmt CompositeTypeStmt
  CreateRangeStmt CreateDomainStmt AlterDomainStmt CommentStmt CreateStatsStmt AlterStatsStmt RefreshMatViewStmt
  AlterObjectSchemaStmt ReindexStmt ClusterStmt VacuumStmt CreatePolicyStmt AlterPolicyStmt RoleSpec IntoClause`)

/** DDL that is `admin` -> its kind in the facts. */
export const ddlKinds: Readonly<Record<string, string>> = {
  CreateStmt: 'create_table',
  CreateTableAsStmt: 'create_table',
  IndexStmt: 'create_index',
  AlterTableStmt: 'alter_table',
  DropStmt: 'drop',
  TruncateStmt: 'truncate',
  RenameStmt: 'rename',
  ViewStmt: 'create_view',
  RuleStmt: 'create_rule',
  CreateTrigStmt: 'create_trigger',
  CreateSeqStmt: 'create_sequence',
  AlterSeqStmt: 'alter_sequence',
  CreateSchemaStmt: 'create_schema',
  CreateEnumStmt: 'create_type',
  AlterEnumStmt: 'alter_type',
  CompositeTypeStmt: 'create_type',
  CreateRangeStmt: 'create_type',
  CreateDomainStmt: 'create_domain',
  AlterDomainStmt: 'alter_domain',
  CommentStmt: 'comment',
  CreateStatsStmt: 'create_statistics',
  AlterStatsStmt: 'alter_statistics',
  RefreshMatViewStmt: 'refresh',
  AlterObjectSchemaStmt: 'alter_schema',
  ReindexStmt: 'reindex',
  ClusterStmt: 'cluster',
  VacuumStmt: 'analyze',
  CreatePolicyStmt: 'create_policy',
  AlterPolicyStmt: 'alter_policy',
}

/** Kinds of objects that DROP, COMMENT and RENAME may name. */
export const ddlObjects = words(`
  OBJECT_TABLE OBJECT_VIEW OBJECT_MATVIEW OBJECT_INDEX OBJECT_SEQUENCE OBJECT_TYPE OBJECT_DOMAIN OBJECT_SCHEMA
  OBJECT_TRIGGER OBJECT_RULE OBJECT_POLICY OBJECT_COLUMN OBJECT_TABCONSTRAINT OBJECT_DOMCONSTRAINT OBJECT_STATISTIC_EXT
  OBJECT_FUNCTION OBJECT_PROCEDURE OBJECT_ROUTINE OBJECT_AGGREGATE OBJECT_ATTRIBUTE OBJECT_COLLATION OBJECT_OPERATOR
  OBJECT_CAST`)

/** Code: it can be dropped and described; under another name or schema it would stand in for other code. */
export const codeObjects = words(
  'OBJECT_FUNCTION OBJECT_PROCEDURE OBJECT_ROUTINE OBJECT_AGGREGATE OBJECT_OPERATOR',
)

/** What ALTER TABLE may not do: give rights away, reach servers, or take code in. */
export const refusedAlterations = words(
  'AT_ChangeOwner AT_GenericOptions AT_AlterColumnGenericOptions',
)

/** Why a kind of statement is refused for everybody, and what to do instead. */
export interface StatementRefusal {
  readonly why: string
  readonly instead: string
}

const rights: StatementRefusal = {
  why: 'It changes roles or rights.',
  instead:
    'An administrator does that; information_schema.role_table_grants tells what is granted.',
}
const settings: StatementRefusal = {
  why: 'It changes settings of the session or the server.',
  instead:
    'SHOW reads a setting; write what a statement needs into it (schema.table, AT TIME ZONE).',
}
const files: StatementRefusal = {
  why: 'It moves data in or out of files or programs.',
  instead: 'Read rows by a SELECT with sql_query, write them by INSERT with sql_execute.',
}
const network: StatementRefusal = {
  why: 'It makes the database reach other servers.',
  instead: 'A database of its own is a target of its own; targets lists them.',
}
const code: StatementRefusal = {
  why: 'It runs or installs code that nothing here can read.',
  instead: 'Send the statements themselves, one a call.',
}
const transaction: StatementRefusal = {
  why: 'The gateway opens and ends transactions itself.',
  instead: 'Send the statement alone: each call is one transaction.',
}
const session: StatementRefusal = {
  why: 'It keeps state in a session that others use next.',
  instead: 'Send the query itself, with its values in params.',
}
const messages: StatementRefusal = {
  why: 'It talks to other sessions.',
  instead: 'Read the tables that tell what happened.',
}
const locks: StatementRefusal = {
  why: 'It takes locks.',
  instead: 'A statement takes the locks that it needs; send it alone.',
}

/** Why a statement is refused for everybody. */
export const refusedStatements: Readonly<Record<string, StatementRefusal>> = {
  GrantStmt: rights,
  GrantRoleStmt: rights,
  CreateRoleStmt: rights,
  AlterRoleStmt: rights,
  AlterRoleSetStmt: rights,
  DropRoleStmt: rights,
  ReassignOwnedStmt: rights,
  DropOwnedStmt: rights,
  AlterDefaultPrivilegesStmt: rights,
  AlterOwnerStmt: rights,
  SecLabelStmt: rights,
  VariableSetStmt: settings,
  AlterSystemStmt: settings,
  AlterDatabaseSetStmt: settings,
  AlterDatabaseStmt: settings,
  CreatedbStmt: settings,
  DropdbStmt: settings,
  CheckPointStmt: settings,
  CreateTableSpaceStmt: files,
  DropTableSpaceStmt: files,
  AlterTableSpaceOptionsStmt: files,
  CopyStmt: files,
  LoadStmt: code,
  CreateForeignServerStmt: network,
  AlterForeignServerStmt: network,
  CreateFdwStmt: network,
  AlterFdwStmt: network,
  CreateForeignTableStmt: network,
  ImportForeignSchemaStmt: network,
  CreateUserMappingStmt: network,
  AlterUserMappingStmt: network,
  DropUserMappingStmt: network,
  CreateSubscriptionStmt: network,
  AlterSubscriptionStmt: network,
  DropSubscriptionStmt: network,
  CreatePublicationStmt: network,
  AlterPublicationStmt: network,
  DoStmt: code,
  CallStmt: code,
  CreateFunctionStmt: code,
  AlterFunctionStmt: code,
  CreateEventTrigStmt: code,
  AlterEventTrigStmt: code,
  CreateExtensionStmt: code,
  AlterExtensionStmt: code,
  AlterExtensionContentsStmt: code,
  CreatePLangStmt: code,
  CreateCastStmt: code,
  CreateOpClassStmt: code,
  CreateOpFamilyStmt: code,
  CreateAmStmt: code,
  CreateTransformStmt: code,
  CreateConversionStmt: code,
  DefineStmt: code,
  AlterOperatorStmt: code,
  TransactionStmt: transaction,
  ConstraintsSetStmt: transaction,
  PrepareStmt: session,
  ExecuteStmt: session,
  DeallocateStmt: session,
  DeclareCursorStmt: session,
  FetchStmt: session,
  ClosePortalStmt: session,
  ListenStmt: messages,
  UnlistenStmt: messages,
  NotifyStmt: messages,
  DiscardStmt: session,
  LockStmt: locks,
}
