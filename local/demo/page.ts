/// <reference lib="dom" />
import { ImsgError, imsg, type Session, type Unit } from '../../client/imsg.ts'
import { type Call, element, recordingFetch, showCall } from './page-journal.ts'
import type { Who } from './who.ts'

const byId = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (!found) throw new TypeError(`the page has no #${id}`)
  return found
}

const note = (call: Call) => showCall(byId(call.path.endsWith('/token-is-set') ? 'polls' : 'calls'), call)
const fetch = recordingFetch(note)
const gateway = imsg({ fetch })

const states: Record<Session, [title: string, reason: string]> = {
  unknown: ['Asking the gateway …', 'There is no answer yet.'],
  'signed-in': ['Signed in', 'The gateway is asked every five seconds.'],
  'signed-out': ['Signed out', 'Polling has stopped until you sign in, here or in another tab.'],
  unavailable: [
    'Gateway not available',
    'You may still be signed in. The page keeps asking, less and less often.',
  ],
}

/** Runs an action of the person, and shows a message if it fails. */
const attempt = async (what: string, action: () => Promise<unknown>) => {
  byId('notice').textContent = ''
  try {
    await action()
  } catch (error) {
    if (!(error instanceof ImsgError)) throw error
    byId('notice').textContent = `${what} did not work. ${error.message} (${error.code}).`
  }
}

/** Whether the person is signed in. A response that arrives after the session has ended is not shown. */
let signedIn = false

const showPerson = (who?: Who) => {
  const rows = {
    Name: who?.name,
    Email: who?.email,
    Organisation: who?.org,
    'May read in': who?.may.read.join(', '),
    'May write in': who?.may.write.join(', '),
    'May publish in': who?.may.publish.join(', '),
    Subject: who?.subject,
  }
  const shown = Object.entries(rows).flatMap(([name, value]) =>
    value ? [element('dt', '', name), element('dd', '', value)] : [],
  )
  byId('who').replaceChildren(...shown)
  byId('who').hidden = !who
  byId('nobody').hidden = Boolean(who)
}

const loadPerson = async () => {
  // A missing answer is already in the list of calls, and says nothing about the person.
  const answer = await fetch('/whoami').catch(() => undefined)
  const person = answer?.ok ? await answer.json() : undefined
  if (person && signedIn) showPerson(person)
  if (answer?.status === 401) showPerson()
}

const choice = ({ name, displayName }: Unit, preferred: string | null): HTMLElement => {
  const radio = element('input', '')
  radio.type = 'radio'
  radio.name = 'unit'
  radio.value = name
  radio.checked = name === preferred
  radio.addEventListener('change', () => choose(name))
  return element('label', 'choice', radio, displayName, element('code', '', name))
}

const showUnits = (units: Unit[], preferred: string | null, otherwise: string) => {
  const choices = byId('choices')
  const inUse = choices.contains(document.activeElement)
  choices.replaceChildren(...units.map((unit) => choice(unit, preferred)))
  // Keeps the keyboard focus in the list of units.
  if (inUse) choices.querySelector<HTMLElement>(':checked')?.focus()
  byId('units').hidden = units.length === 0
  byId('no-units').hidden = units.length > 0
  byId('no-units').textContent = otherwise
}

const loadUnits = () =>
  attempt('Listing your units', async () => {
    const { units, preferred } = await gateway.units()
    if (signedIn) showUnits(units, preferred, 'You belong to no unit of this organisation.')
  })

const choose = (unit: string | null) =>
  attempt('Choosing a unit', () =>
    // After a refused choice, shows the stored one again.
    gateway.setUnit(unit).catch(async (error) => {
      await loadUnits()
      throw error
    }),
  )

const load = () => Promise.all([loadPerson(), loadUnits()])

/** Puts the part first that the person needs next. The part with the focus is not moved. */
const arrange = (inside: boolean) => {
  const parts = [byId('staying'), byId('coming')] as const
  const [first, last] = inside ? parts : parts.toReversed()
  if (!first || !last || first.nextElementSibling === last) return
  if (first.contains(document.activeElement)) first.after(last)
  else last.before(first)
}

const showSignOut = (wanted: boolean) => {
  const used = document.activeElement === byId('sign-out')
  byId('sign-out').hidden = !wanted
  // The button had the keyboard focus: move it to the first visible control.
  const controls = [...byId('coming').querySelectorAll<HTMLElement>('button, input')]
  if (used && !wanted) controls.find((control) => control.checkVisibility())?.focus()
}

gateway.session.subscribe((session, why) => {
  const [title, reason] = states[session]
  byId('state').textContent = title
  byId('state').setAttribute('data-state', session)
  byId('reason').textContent = why ? `${why.message} (${why.code}). ${reason}` : reason
  signedIn = session === 'signed-in'
  if (session === 'signed-in' || session === 'signed-out') arrange(signedIn)
  showSignOut(session === 'signed-in' || session === 'unavailable')
  if (signedIn) load()
  if (session === 'signed-out') {
    showPerson()
    showUnits([], null, 'Your units are shown here once you are signed in.')
  }
})
// Another person may have signed in meanwhile, in another tab. The session stays `signed-in` then.
document.addEventListener('visibilitychange', () => {
  if (signedIn && !document.hidden) load()
})
// A choice in this tab or another one: the list is fetched again.
gateway.units.subscribe(loadUnits)

for (const button of document.querySelectorAll<HTMLElement>('[data-organisation]'))
  button.addEventListener('click', () => gateway.login(button.getAttribute('data-organisation') ?? ''))
byId('sign-in').addEventListener('submit', (event) => {
  event.preventDefault()
  const organisation = byId('organisation')
  if (organisation instanceof HTMLInputElement) gateway.login(organisation.value.trim())
})
byId('ask').addEventListener('click', () => attempt('Asking', gateway.session))
byId('sign-out').addEventListener('click', () => attempt('Signing out', () => gateway.logout()))
byId('clear').addEventListener('click', () => choose(null))
