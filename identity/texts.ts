import { en } from '../lib/errors/en.ts'
import { sv } from '../lib/errors/sv.ts'
import type { Language } from '../lib/http/accept.ts'
import { type Code, catalogue } from './problem.ts'

/** The texts of pages. A code that the gateway has too uses the gateway's text. */

export { page, pagePolicy } from '../lib/errors/page.ts'
export { signIn } from '../lib/errors/texts.ts'

type Text = Readonly<{ title: string; advice: string }>
type Shared = Extract<Code, keyof typeof en>
type Own = Exclude<Code, Shared>

const askOrganisation = 'Tell whoever manages your organisation, and give them the code below.'
const fragaOrganisation = 'Säg till den som sköter din organisation och uppge koden nedan.'

const ownEn: Record<Own, Text> = {
  callback_not_allowed: {
    title: 'This sign-in was not asked for by a gateway of ours',
    advice: 'Go back to the service you came from and sign in from there.',
  },
  logout_from_elsewhere: {
    title: 'Another site asked to sign you out',
    advice: 'You are still signed in. To sign out, use the service you are signed in to.',
  },
  logout_token_refused: {
    title: 'The logout token was refused',
    advice: 'The provider that sent this request has to be checked.',
  },
  provider_unavailable: {
    title: 'The sign-in of your organisation does not answer',
    advice:
      'This is not your fault. Wait a minute and try again. If you are signed in already, you stay signed in.',
  },
  provider_misconfigured: {
    title: 'The sign-in of your organisation is not set up correctly',
    advice: askOrganisation,
  },
  provider_answer_refused: {
    title: 'The answer of your organisation’s sign-in could not be trusted',
    advice: `You were not signed in. Try once more; if it happens again: ${askOrganisation}`,
  },
  code_refused: {
    title: 'This sign-in has run out or was used already',
    advice: 'Sign in again to go on.',
  },
  person_not_allowed: {
    title: 'Your account may not sign in here',
    advice: `You signed in, but not with an account that this organisation lets in. ${askOrganisation}`,
  },
  groups_overage: {
    title: 'You belong to more groups than the sign-in can tell us',
    advice:
      'Your provider left the groups out because there are too many. Whoever manages it has to send only the groups that are assigned to this application.',
  },
  signing_unavailable: {
    title: 'You cannot be signed in right now',
    advice: 'This is not your fault. Wait a minute and try again.',
  },
}

const ownSv: Record<Own, Text> = {
  callback_not_allowed: {
    title: 'Denna inloggning begärdes inte av någon av våra tjänster',
    advice: 'Gå tillbaka till tjänsten du kom från och logga in därifrån.',
  },
  logout_from_elsewhere: {
    title: 'En annan webbplats ville logga ut dig',
    advice: 'Du är fortfarande inloggad. Logga ut från tjänsten du är inloggad i.',
  },
  logout_token_refused: {
    title: 'Utloggningens token godtogs inte',
    advice: 'Leverantören som skickade denna begäran behöver kontrolleras.',
  },
  provider_unavailable: {
    title: 'Din organisations inloggning svarar inte',
    advice: 'Det är inte ditt fel. Vänta en minut och försök igen. Om du redan är inloggad förblir du det.',
  },
  provider_misconfigured: {
    title: 'Din organisations inloggning är inte rätt inställd',
    advice: fragaOrganisation,
  },
  provider_answer_refused: {
    title: 'Svaret från din organisations inloggning gick inte att lita på',
    advice: `Du loggades inte in. Försök en gång till; om det händer igen: ${fragaOrganisation}`,
  },
  code_refused: {
    title: 'Denna inloggning har gått ut eller är redan använd',
    advice: 'Logga in igen för att fortsätta.',
  },
  person_not_allowed: {
    title: 'Ditt konto får inte logga in här',
    advice: `Du loggade in, men inte med ett konto som organisationen släpper in. ${fragaOrganisation}`,
  },
  groups_overage: {
    title: 'Du tillhör fler grupper än inloggningen kan berätta',
    advice:
      'Leverantören utelämnade grupperna eftersom de är för många. Den som sköter den behöver skicka bara de grupper som är tilldelade denna applikation.',
  },
  signing_unavailable: {
    title: 'Det går inte att logga in dig just nu',
    advice: 'Det är inte ditt fel. Vänta en minut och försök igen.',
  },
}

const codes = Object.keys(catalogue) as Code[]
const isShared = (code: Code): code is Shared => Object.hasOwn(en, code)

const textsOf = (shared: Record<Shared, Text>, own: Record<Own, Text>): Record<Code, Text> =>
  Object.fromEntries(codes.map((code) => [code, isShared(code) ? shared[code] : own[code]])) as Record<
    Code,
    Text
  >

/** The texts of every failure, by language. */
export const texts: Record<Language, Record<Code, Text>> = { en: textsOf(en, ownEn), sv: textsOf(sv, ownSv) }

/** Pages after a logout. They promise that the provider was asked, not more: people may decline there. */
export const signedOut: Record<Language, Readonly<{ asked: Text; notThere: Text }>> = {
  en: {
    asked: {
      title: 'You are signed out here',
      advice: 'Your organisation’s sign-in was asked to sign you out too.',
    },
    notThere: {
      title: 'You are signed out here, but not at your organisation',
      advice:
        'The sign-in of your organisation cannot be asked to sign you out. On a shared computer, sign out there as well or close the browser.',
    },
  },
  sv: {
    asked: {
      title: 'Du är utloggad här',
      advice: 'Din organisations inloggning har ombetts att logga ut dig också.',
    },
    notThere: {
      title: 'Du är utloggad här, men inte hos din organisation',
      advice:
        'Din organisations inloggning kan inte ombes att logga ut dig. På en delad dator, logga ut även där eller stäng webbläsaren.',
    },
  },
}
