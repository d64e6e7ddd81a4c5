/** What a gateway's metrics say. */
import type { Gateway } from './gateway.ts'

/** Value of `countersign_NAME`; undefined when there is none. */
export const gauge = async (
  gateway: Pick<Gateway, 'metrics'>,
  name: string,
): Promise<number | undefined> => {
  const [, value] =
    new RegExp(`^countersign_${name} (\\S+)$`, 'm').exec(await gateway.metrics()) ?? []
  return value === undefined ? undefined : Number(value)
}
