/** The only file that knows everybody: a configuration becomes a running gateway. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import { apiApp } from './api/app.ts'
import { startHttp } from './api/listener.ts'
import { resourceOf } from './api/resource.ts'
import { startApiSocket } from './api/socket.ts'
import { openApprovals } from './approvals/approvals.ts'
import { openReader } from './audit/read.ts'
import { startRecovery } from './audit/recover.ts'
import { openSpool } from './audit/spool.ts'
import { openLog } from './audit/stream.ts'
import { openUnsigned } from './audit/unsigned.ts'
import type { Config } from './config/types.ts'
import { GateError } from './errors.ts'
import { openOnce } from './gateway/once.ts'
import { openGateway } from './gateway.ts'
import { budget, policyGuard } from './guards/index.ts'
import { localApprovers } from './identity/approvers.ts'
import { bearerVerifier } from './identity/bearer.ts'
import { identified } from './identity/caller.ts'
import { localCaller, localIssuer, localToken } from './identity/local.ts'
import { countRefusals, type RefusalKind } from './identity/refusals.ts'
import { callerOf, freshBearer, signIn } from './identity/sign-in.ts'
import { openStateFolder, removeSockets, takeFolder } from './identity/state-folder.ts'
import { openMasker } from './masking/masker.ts'
import { mcpHttp } from './mcp/http.ts'
import { startMcpSocket } from './mcp/socket.ts'
import { apiPorts } from './serve/api-ports.ts'
import { buildHash } from './serve/build.ts'
import { closer } from './serve/closer.ts'
import { openErasures } from './serve/erasures.ts'
import { early, readKeys, storeUrl } from './serve/evidence.ts'
import { watchIdle } from './serve/idle.ts'
import { openLogger } from './serve/logger.ts'
import { keepMemoryOutOfCores } from './serve/memory.ts'
import { openMetrics } from './serve/metrics.ts'
import { openPauses } from './serve/pauses.ts'
import { openProofs } from './serve/proofs.ts'
import { publish } from './serve/published.ts'
import { resolver } from './serve/resolve.ts'
import { startTree, type Tree } from './serve/tree.ts'
import { open as openStore } from './store/open.ts'
import { openTools } from './tools/index.ts'
import type { Caller } from './types.ts'
import { keyBytes, subKey } from './vault/key-wrap.ts'
import { readRef, takeEnvironment } from './vault/refs.ts'
import { openSecrets } from './vault/secrets.ts'
import { openVault } from './vault/vault.ts'

export interface ServeOptions {
  readonly version: string
  /** Of the configuration: tells a client that another one runs. */
  readonly configHash: string
  /** Stop when nothing was connected or running for so long. */
  readonly idleExitMs?: number
  readonly logLevel?: string
}

export interface Served {
  /** `http://127.0.0.1:7420` */
  readonly url: string
  /** File with the local token; undefined when no local principal is configured. */
  readonly tokenFile: string | undefined
  /** Where the embedded store keeps its data: beside the state folder when PostgreSQL runs as another user. */
  readonly storeFolder: string | undefined
  /** Drains and stops; resolves when everything has ended. */
  close(): Promise<void>
  /** Resolves when the gateway has stopped, for whatever reason. */
  readonly closed: Promise<void>
}

const drainMs = 20_000

/** Starts a gateway. Throws CONFIG_INVALID (what to change) or AUDIT_UNAVAILABLE; then nothing is left running. */
export const serve = async (config: Config, options: ServeOptions): Promise<Served> => {
  const { logger, setMask } = openLogger(
    options.logLevel ?? process.env.COUNTERSIGN_LOG_LEVEL ?? 'info',
  )
  const closing = closer((error) => logger.error({ err: error }, 'closing'))
  const failed = (error: unknown): void => logger.error({ err: error }, 'failed')
  try {
    keepMemoryOutOfCores((message) => logger.warn(message))
    for (const warning of config.warnings) logger.warn(warning)
    if (config.identity.local)
      logger.warn(
        'A local principal is configured: this is for trying things out. Agents of this user reach the gateway without a sign-in.',
      )

    // ---- secrets, before any child process exists
    const refs = [
      config.vault.key,
      config.masking.tokenKey,
      ...(config.log.notary?.token ? [config.log.notary.token] : []),
      ...Object.values(config.credentials),
    ]
    const env = takeEnvironment(
      refs.flatMap((ref) => (ref.kind === 'env' ? [ref.name] : [])),
      process.env,
    )
    const { key, keys } = await readKeys(config, env)
    const tokenKey = keyBytes(
      await readRef(early(config.masking.tokenKey, 'masking.tokenKey'), env),
      'masking.tokenKey',
    )
    const url = await storeUrl(config, env)

    // ---- the state folder: one gateway a folder
    const sockets = await openStateFolder(config.state)
    closing.add(await takeFolder(config.state))
    await removeSockets(sockets)

    // ---- store, vault, masking
    const store = await openStore(
      { ...(url === undefined ? {} : { url }), state: config.state },
      logger,
    )
    closing.add(() => store.close())
    const secrets = openSecrets(store.pool, keys)
    const vault = openVault({ credentials: config.credentials, env, secrets })
    await vault.learn()
    const masker = openMasker({ tokenKey, knownSecrets: vault.known })
    const nothing = { profile: [], known: [] }
    setMask((text) => masker.text(text, nothing))

    // ---- the log
    const self = identified({
      iss: 'gateway',
      sub: 'gateway',
      client: '',
      groups: [],
      via: 'gateway',
      auth: 'gateway',
      session: 'gateway',
      origin: {},
    })
    const logStore = {
      database: store.connection,
      pool: store.pool,
      keys,
      log: config.log.name,
      writer: `${hostname()}:${process.pid}`,
      build: buildHash(),
      warn: (message: string, cause?: unknown) => logger.warn({ err: cause }, message),
    }
    if (config.log.notary === undefined)
      logger.warn(
        "No log.notary is configured: a notary of this gateway's own signs the log, under the gateway's own account. Who takes over that account can sign too.",
      )
    const unsigned = openUnsigned({ maxMs: config.log.notary?.maxUnsignedMs ?? 60_000 })
    // Closed after the log: its last events are signed too.
    let tree: Tree | undefined
    closing.add(async () => tree?.stop())
    const spool = openSpool(join(config.state, 'spool'), keys)
    const log = await openLog({
      ...logStore,
      spool,
      gates: [unsigned.gate],
      about: {
        version: options.version,
        store: store.kind,
        local: config.identity.local !== undefined,
      },
    })
    closing.add(() => log.close())
    const evidence = await startTree({
      config,
      store,
      log,
      writer: logStore.writer,
      vault,
      env,
      unsigned,
      warn: logStore.warn,
    })
    tree = evidence
    const reader = openReader(logStore)
    const refusals = countRefusals(async (counts) => {
      await log.append([
        {
          type: 'audit.refused',
          actor: { iss: self.iss, sub: self.sub, client: '', groups: [] },
          origin: { via: self.via, session: self.session, auth: self.auth },
          detail: Object.fromEntries(
            Object.entries(counts).map(([kind, count]) => [kind, String(count)]),
          ),
        },
      ])
    })
    closing.add(() => refusals.close())

    // ---- tools, policy, approvals
    const opened = openTools()
    const { tools, families } = opened
    closing.add(async () => {
      for (const family of families.values()) await family.close()
    })
    const policy = policyGuard({
      tools,
      grants: config.grants,
      files: config.policies,
      targets: config.targets.map(({ name }) => name),
    })
    for (const warning of policy.warnings) logger.warn(warning)
    const pauses = await openPauses(store, log, failed)
    closing.add(() => pauses.close())
    const approvers = new Map(
      config.identity.approvers.map((approver) => [approver.subject, approver]),
    )
    const approvals = await openApprovals({
      pool: store.pool,
      log,
      keys,
      self,
      mask: (text) => masker.text(text, nothing),
      proofs: openProofs(
        config.identity.approvers,
        config.identity.issuers.map(({ issuer }) => issuer),
        subKey(key, 'approvals'),
      ),
      listen: store.listen,
      groupsNow: (iss, sub) =>
        iss === localIssuer ? (approvers.get(sub)?.groups ?? 'gone') : undefined,
    })
    closing.add(() => approvals.close())
    const sweeping = setInterval(() => void approvals.sweep().catch(failed), 5_000)
    closing.add(async () => clearInterval(sweeping))
    await publish(config, options.configHash, policy, { store, log, self })
    const targets = new Map(config.targets.map((target) => [target.name, target]))
    const recovery = startRecovery({
      ...logStore,
      to: log,
      spool,
      resolve: resolver(targets, opened, vault),
    })
    closing.add(() => recovery.stop())

    // ---- the path of a call
    const limit = config.server.budget && budget(config.server.budget.callsPerMinute)
    const metrics = openMetrics({
      ...evidence.gauges,
      in_flight: { help: 'Calls under way.', read: () => gateway.inFlight() },
      log_waiting: { help: 'Appends that wait for a commit.', read: () => log.waiting() },
      log_sequence: {
        help: "Events in this process's stream.",
        read: () => Number(log.head().seq),
      },
    })
    const gateway = openGateway({
      tools: new Map(tools.map((tool) => [tool.name, tool])),
      families,
      targets,
      guards: [pauses.guard, ...(limit ? [limit.guard] : []), policy.guard],
      mayEver: policy.mayEver,
      modes: policy.modes,
      masker,
      vault,
      approvals,
      log,
      outcome: reader.outcome,
      once: openOnce(store.pool, subKey(key, 'once')),
      self,
      waitMs: config.approvals.waitSeconds * 1_000,
      report: (error, context) => logger.warn({ err: error, ...context }, error.code),
      later: (entry) => log.later(entry),
      measure: metrics.measure,
      ...(limit ? { spend: limit.spend } : {}),
    })

    // ---- who comes in, and by which door
    const resource = resourceOf(
      config.server.publicUrl,
      config.identity.issuers.map(({ issuer }) => issuer),
    )
    const refused = (kind: RefusalKind): void => {
      refusals.count(kind)
      metrics.refusedSignIn(kind)
    }
    const bearer =
      config.identity.issuers.length === 0
        ? undefined
        : bearerVerifier({ issuers: config.identity.issuers, audience: resource.url })
    const { local } = config.identity
    const token = local && config.server.loopback ? await localToken(config.state) : undefined
    const sessionKey = subKey(key, 'sessions')
    const proving = localApprovers(config.identity.approvers, { refused })
    const proveBearer = async (text: string, origin: Caller['origin']): Promise<Caller> => {
      if (!bearer)
        throw new GateError(
          'NOT_IDENTIFIED',
          'No issuer is configured whose tokens could be taken.',
        )
      const proven = await freshBearer(bearer, text)
      return callerOf(
        { kind: 'bearer', bearer: proven },
        { via: 'cli', sessionKey, clientSession: '', origin },
      )
    }
    const app = apiApp(
      apiPorts({
        config,
        options,
        log,
        reader,
        metrics,
        approvals,
        pauses,
        erasures: openErasures({
          config,
          log,
          ask: async (text, values) => (await store.pool.query(text, [...values])).rows,
        }),
        policies: policy.policies,
        secrets,
        provePassphrase: proving.prove,
        proveBearer,
        refused: () => refused('not-an-approver'),
        failed,
      }),
      resource,
    )
    const idle = watchIdle(
      options.idleExitMs,
      () => gateway.inFlight() > 0 || (mcpSocket?.connections() ?? 0) > 0,
      () => void stop(),
    )
    closing.add(async () => idle.stop())
    const by = {
      results: config.server.results,
      server: { name: 'countersign', version: options.version },
      failed,
    }
    const mcp = mcpHttp(gateway, by)
    const listener = await startHttp({
      host: config.server.host,
      port: config.server.port,
      publicUrl: config.server.publicUrl,
      mcp: {
        serve: (...request) => {
          idle.touch()
          return mcp.serve(...request)
        },
      },
      app,
      signIn: signIn({
        bearer,
        local: local && token && { principal: local, token: token.token },
        refused,
      }),
      sessionKey,
      resource,
      refused,
      failed,
    })
    closing.add(() => listener.close(drainMs))
    const mcpSocket = local
      ? await startMcpSocket(gateway, sockets.mcp, {
          ...by,
          callerFor: (session, origin) => localCaller(local, { via: 'socket', session, origin }),
          changed: idle.touch,
        })
      : undefined
    if (mcpSocket) closing.add(() => mcpSocket.close(drainMs))
    const apiSocket = await startApiSocket(sockets.api, app)
    closing.add(() => apiSocket.close(1_000))

    // The last to open is the first to close: what runs ends and is answered before any door shuts.
    closing.add(() => gateway.drain(drainMs))
    const stop = (): Promise<void> => closing.close()
    log.fenced.then((why) => {
      logger.fatal({ why }, 'another gateway owns this stream: stopping at once')
      void stop()
    })
    logger.info(
      { url: listener.url, version: options.version, store: store.kind, targets: targets.size },
      'serving',
    )
    return {
      url: listener.url,
      tokenFile: token?.file,
      storeFolder: store.folder,
      close: stop,
      closed: closing.closed,
    }
  } catch (thrown) {
    await closing.close()
    throw thrown
  }
}

/** Prepares the embedded store (or checks the one at the URL) and stops it again. */
export const prepare = async (config: Config): Promise<void> => {
  const { logger } = openLogger('warn')
  await openStateFolder(config.state)
  const env = takeEnvironment([], process.env)
  const url = await storeUrl(config, env)
  const store = await openStore(
    { ...(url === undefined ? {} : { url }), state: config.state },
    logger,
  )
  await store.close()
}
