/** `{tool, args?}` for a case's input: a command line, an argv as JSON, or a tool call as JSON. */
export const callOf: (input: string) => {
  readonly tool: string
  readonly args?: Record<string, unknown>
  readonly known?: boolean
}
