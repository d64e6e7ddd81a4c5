/** What the story's parts share: each thing that should happen is checked as it happens. */
import { GateError } from '../../errors.ts'
import { visible } from '../../masking/visible.ts'
import type { Answer } from './agent.ts'
import type { Held, Person } from './approver.ts'
import type { Page } from './page.ts'

export const expect = (holds: boolean, what: string, answer: Answer): void => {
  if (!holds)
    throw new GateError(
      'INTERNAL',
      `The demo expected ${what}, and got ${answer.status} ${answer.refused?.code ?? ''} ${answer.refused?.message ?? ''}`,
    )
}

export const show = (page: Page, who: string, text: string): void => {
  for (const [at, line] of text.split('\n').entries()) page.says(at === 0 ? who : '', visible(line))
}

/** The held call, once a person sees it. Throws when the call is answered without anybody having been asked. */
export const whileHeld = (asked: Promise<Answer>, person: Person): Promise<Held> =>
  Promise.race([
    person.waiting(),
    asked.then((answer) =>
      Promise.reject(
        new GateError(
          'INTERNAL',
          `The call was not held: ${answer.status} ${answer.refused?.message ?? ''}`,
        ),
      ),
    ),
  ])
