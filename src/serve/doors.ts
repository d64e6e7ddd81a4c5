/** Who comes in, and by which door: HTTP with bearer or local token, the MCP socket, the socket of the command line. */
import { apiApp } from '../api/app.ts'
import { startHttp } from '../api/listener.ts'
import { resourceOf } from '../api/resource.ts'
import { startApiSocket } from '../api/socket.ts'
import { GateError } from '../errors.ts'
import type { Gateway } from '../gateway/ports.ts'
import { localApprovers } from '../identity/approvers.ts'
import { bearerVerifier } from '../identity/bearer.ts'
import { localCaller, localToken } from '../identity/local.ts'
import type { RefusalKind } from '../identity/refusals.ts'
import { callerOf, freshBearer, signIn } from '../identity/sign-in.ts'
import { mcpHttp } from '../mcp/http.ts'
import { startMcpSocket } from '../mcp/socket.ts'
import type { Caller } from '../types.ts'
import { subKey } from '../vault/key-wrap.ts'
import { apiPorts } from './api-ports.ts'
import type { Ground } from './ground.ts'
import { watchIdle } from './idle.ts'
import type { Metrics } from './metrics.ts'
import type { Recording } from './recording.ts'
import type { Rules } from './rules.ts'
import { drainMs, type Start } from './start.ts'

export interface Doors {
  readonly url: string
  readonly tokenFile: string | undefined
}

/** Throws CONFIG_INVALID when a door can't be opened. */
export const openDoors = async (
  { closing, config, failed, options }: Start,
  { key, secrets, sockets }: Ground,
  { log, reader, refusals }: Recording,
  { approvals, erasures, pauses, policy }: Rules,
  { gateway, metrics }: { readonly gateway: Gateway; readonly metrics: Metrics },
  stop: () => void,
): Promise<Doors> => {
  const { local } = config.identity
  const issuers = config.identity.issuers
  const resource = resourceOf(
    config.server.publicUrl,
    issuers.map(({ issuer }) => issuer),
  )
  const sessionKey = subKey(key, 'sessions')
  const refused = (kind: RefusalKind): void => {
    refusals.count(kind)
    metrics.refusedSignIn(kind)
  }

  // ---- how somebody proves who it is
  const bearer =
    issuers.length === 0 ? undefined : bearerVerifier({ issuers, audience: resource.url })
  const token = local && config.server.loopback ? await localToken(config.state) : undefined
  const proving = localApprovers(config.identity.approvers, { refused })
  const proveBearer = async (text: string, origin: Caller['origin']): Promise<Caller> => {
    if (!bearer)
      throw new GateError('NOT_IDENTIFIED', 'No issuer is configured whose tokens could be taken.')
    const proven = await freshBearer(bearer, text)
    return callerOf(
      { kind: 'bearer', bearer: proven },
      { via: 'cli', sessionKey, clientSession: '', origin },
    )
  }

  // ---- the doors
  const app = apiApp(
    apiPorts({
      config,
      options,
      log,
      reader,
      metrics,
      approvals,
      pauses,
      erasures,
      policies: policy.policies,
      secrets,
      provePassphrase: proving.prove,
      proveBearer,
      refused: () => refused('not-an-approver'),
      failed,
    }),
    resource,
  )
  let mcpSocket: Awaited<ReturnType<typeof startMcpSocket>> | undefined
  const idle = watchIdle(
    options.idleExitMs,
    () => gateway.inFlight() > 0 || (mcpSocket?.connections() ?? 0) > 0,
    stop,
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
  if (local) {
    const socket = await startMcpSocket(gateway, sockets.mcp, {
      ...by,
      callerFor: (session, origin) => localCaller(local, { via: 'socket', session, origin }),
      changed: idle.touch,
    })
    closing.add(() => socket.close(drainMs))
    mcpSocket = socket
  }
  const apiSocket = await startApiSocket(sockets.api, app)
  closing.add(() => apiSocket.close(1_000))
  return { url: listener.url, tokenFile: token?.file }
}
