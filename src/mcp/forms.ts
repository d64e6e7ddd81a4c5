/** In which form a client wants results, and the text of a JSON-RPC answer around bytes that are already JSON. */
import { SERVER_INFO_META_KEY } from '@modelcontextprotocol/server'
import type { Reply } from '../gateway/ports.ts'

/** `both`: structured content and the same as text; else one of them. */
export type Form = 'both' | 'structured' | 'text'
export type Results = 'auto' | Form

export type RequestId = string | number
export type Era = 'legacy' | 'modern'

export interface ServerInfo {
  readonly name: string
  readonly version: string
}

// Clients that are known to give the model `structuredContent` alone when there is one (reports in their issue trackers,
// 2026). A second copy would cost the reply's length again and reach nobody.
const readsStructured: readonly string[] = ['claude-code', 'codex-mcp-client']

/** By the client's own name, since only its reader depends on it; unknown clients get both. */
export const formFor = (results: Results, clientName: string | undefined): Form => {
  if (results !== 'auto') return results
  return clientName !== undefined && readsStructured.includes(clientName) ? 'structured' : 'both'
}

/**
 * The answer to `tools/call`. The reply's JSON goes in as it is, byte for byte: what the log holds is what the client gets.
 * Errors are short and always come as text too, because clients show only that of an error.
 */
export const callAnswer = (
  id: RequestId,
  reply: Pick<Reply, 'json' | 'isError'>,
  { form, era, server }: { form: Form; era: Era; server: ServerInfo },
): string => {
  const asText = form !== 'structured' || reply.isError
  const content = asText ? `[{"type":"text","text":${JSON.stringify(reply.json)}}]` : '[]'
  const structured = form === 'text' ? '' : `,"structuredContent":${reply.json}`
  const failed = reply.isError ? ',"isError":true' : ''
  const modern =
    era === 'modern'
      ? `,"resultType":"complete","_meta":{${JSON.stringify(SERVER_INFO_META_KEY)}:${JSON.stringify(server)}}`
      : ''
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":${content}${structured}${failed}${modern}}}`
}

/** A JSON-RPC error; `message` is ours. */
export const errorAnswer = (
  id: RequestId | null,
  code: number,
  message: string,
  data?: unknown,
): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code, message, ...(data === undefined ? {} : { data }) },
  })

/** One step of progress; `progress` must grow from one to the next. */
export const progressNote = (token: RequestId, progress: number, message: string): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken: token, progress, message },
  })
