/** Everything of MCP but `tools/call`: handshake, discovery, list of tools, ping, by the SDK. */
import { CLIENT_INFO_META_KEY, Server } from '@modelcontextprotocol/server'
import type { Gateway } from '../gateway/ports.ts'
import type { Caller } from '../types.ts'
import { formFor, type Results, type ServerInfo } from './forms.ts'
import { asClientInfo, handshakeRevisions, isBag } from './message.ts'

const instructions =
  'Work on databases and other systems through policy. Start with `targets`. A result with status `pending_approval` or `running` is no error: ' +
  'call `call_wait` with its call_id. A refusal names the rule and what would be allowed.'

/** `clientName` answers for a client that named itself in an earlier request (HTTP). */
export const mcpServer = (
  gateway: Gateway,
  by: {
    readonly caller: () => Caller
    readonly results: Results
    readonly server: ServerInfo
    readonly clientName?: string | undefined
  },
): Server => {
  const server = new Server(
    { ...by.server, title: 'Countersign' },
    {
      capabilities: { tools: {} },
      instructions,
      supportedProtocolVersions: [...handshakeRevisions],
      // The list depends on who asks.
      cacheHints: { 'tools/list': { ttlMs: 30_000, cacheScope: 'private' } },
    },
  )
  server.setRequestHandler('tools/list', async (_request, context) => {
    const envelope: unknown = context.mcpReq.envelope
    const named = isBag(envelope) ? asClientInfo(envelope[CLIENT_INFO_META_KEY]) : undefined
    const name = named?.name ?? by.clientName ?? server.getClientVersion()?.name
    // A client that gets text alone must not be promised structured content.
    const structured = formFor(by.results, name) !== 'text'
    const tools = await gateway.list(by.caller())
    return {
      tools: tools.map(({ inputSchema, outputSchema, annotations, ...words }) => ({
        ...words,
        annotations: { ...annotations },
        // The gateway makes both from objects of zod, whose root is an object.
        inputSchema: inputSchema as ObjectSchema,
        ...(structured ? { outputSchema: outputSchema as ObjectSchema } : {}),
      })),
    }
  })
  return server
}

type ObjectSchema = { type: 'object' }
