/** kube_change: one object applied, deleted, scaled or restarted; a dry run is a read. */
import type { KubernetesTarget, Tool } from '../../types.ts'
import { type ChangeFacts, changeFacts } from './change-facts.ts'
import { changeInput } from './change-input.ts'
import { makeChange, previewOf } from './change-run.ts'
import type { Desk } from './desk.ts'
import { kubeFactKinds } from './facts.ts'
import { outputs } from './inputs.ts'
import { shownManifest } from './manifest.ts'

/** The arguments without the values of Secrets. */
const shown = (args: unknown): unknown => {
  if (typeof args !== 'object' || args === null || !('manifest' in args)) return args
  return typeof args.manifest === 'string'
    ? { ...args, manifest: shownManifest(args.manifest) }
    : args
}

export const kubeChange = (
  desk: Desk,
): Tool<typeof changeInput, ChangeFacts, KubernetesTarget> => ({
  name: 'kube_change',
  title: 'Change a cluster',
  description:
    'One object: apply a manifest (YAML with the fields to change; server-side), or delete, scale, restart by resource and name. dry_run shows the difference. May wait for approval; say why in reason.',
  kind: 'kubernetes',
  input: changeInput,
  output: {
    object: outputs.text,
    change: outputs.text,
    before: {},
    after: {},
  },
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: true,
    openWorldHint: false,
  },
  factKinds: { ...kubeFactKinds, action: 'string', dry_run: 'boolean' },
  ceiling: 'admin',
  facts: changeFacts,
  // A dry run asks the cluster for the right to change.
  credential: () => 'write',
  shown,
  preview: (given, found, session) =>
    desk.use(session, 'caller', (api) => previewOf(desk, api, given, found)),
  run: (given, found, session) =>
    desk.use(session, 'caller', async (api) =>
      desk.withKnown(api, await makeChange(desk, api, given, found)),
    ),
})
