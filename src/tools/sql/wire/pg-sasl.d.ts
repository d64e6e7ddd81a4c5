// What we use of `pg`'s own SCRAM client, which it exports without types.
declare module 'pg/lib/crypto/sasl.js' {
  export interface SaslSession {
    readonly mechanism: string
    readonly response: string
  }
  const sasl: {
    startSession(mechanisms: readonly string[]): SaslSession
    continueSession(session: SaslSession, password: string, data: string): Promise<void>
    finalizeSession(session: SaslSession, data: string): void
  }
  export default sasl
}
