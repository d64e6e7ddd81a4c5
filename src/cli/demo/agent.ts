/** The demo's agent: an MCP client like any other, with nothing but an address and the local token. */
import { readFileSync } from 'node:fs'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { z } from 'zod'

const answer = z.looseObject({
  status: z.string(),
  call_id: z.string(),
  columns: z.array(z.string()).optional(),
  rows: z.array(z.array(z.unknown())).optional(),
  refused: z
    .looseObject({
      code: z.string(),
      message: z.string(),
      hint: z.string().optional(),
      rules: z.array(z.string()).optional(),
    })
    .optional(),
  affected: z.number().optional(),
})
export type Answer = z.output<typeof answer>

export interface Agent {
  call(tool: string, args: Readonly<Record<string, unknown>>): Promise<Answer>
  close(): Promise<void>
}

export const openAgent = async (url: string, tokenFile: string): Promise<Agent> => {
  const client = new Client({ name: 'demo-agent', version: '1.0.0' })
  const authorization = `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { authorization } },
    }),
  )
  return {
    call: async (name, args) => {
      const { structuredContent } = await client.callTool({ name, arguments: { ...args } })
      return answer.parse(structuredContent)
    },
    close: () => client.close(),
  }
}
