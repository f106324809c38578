import type { Code } from '../problem.ts'

/** The catalogue of failures in Swedish, for pages alone: problem documents and logs stay English. */

/** Said beside a button that starts a login, and where there is none to offer. */
export const svSignIn = {
  here: 'Logga in igen för att fortsätta.',
  elsewhere: 'Gå tillbaka till tjänsten du kom från och logga in därifrån.',
}
const signInAgain = svSignIn.here
const linkIsWrong =
  'Länken som ledde hit är inte fullständig eller inte tillåten. Gå tillbaka till tjänsten du kom från och försök därifrån; om det händer igen, säg till den som driver tjänsten.'
const tryLater =
  'Det är inte ditt fel. Vänta en minut och försök igen. Om du redan är inloggad förblir du det.'
const clientError = 'Programmet som skickade denna begäran behöver rättas.'
const askOrganisation = 'Fråga den som sköter din organisation.'

/** A code that is missing here does not compile. */
export const sv = {
  bad_query: { title: 'Adressen är ofullständig eller går inte att läsa', advice: linkIsWrong },
  bad_organisation: { title: 'Detta är inte namnet på en organisation', advice: linkIsWrong },
  return_url_not_allowed: { title: 'Denna returadress är inte tillåten', advice: linkIsWrong },
  bad_cookies: {
    title: 'Kakorna i denna begäran är felaktiga',
    advice: 'Ta bort webbplatsens kakor (cookies) i din webbläsare och försök igen.',
  },
  bad_body: { title: 'Innehållet är inte den JSON som väntades', advice: clientError },
  body_too_large: { title: 'Innehållet är för stort', advice: clientError },
  not_json: { title: 'Innehållet måste vara JSON', advice: clientError },
  bad_rule: { title: 'Tjänstens regel är ingen regel', advice: clientError },
  not_found: {
    title: 'Det finns ingenting på denna adress',
    advice: 'Gå tillbaka till tjänsten du kom från och försök därifrån.',
  },

  not_a_navigation: {
    title: 'En inloggning börjar i ett eget fönster',
    advice: 'Öppna inloggningens adress i ett fönster eller en flik.',
  },
  token_missing: { title: 'Du är inte inloggad', advice: signInAgain },
  token_duplicate: {
    title: 'Din webbläsare skickade två sessioner på en gång',
    advice: `Ingen av dem godtogs och båda har tagits bort. ${signInAgain}`,
  },
  session_of_another_person: {
    title: 'Sessionen i din webbläsare tillhör någon annan',
    advice: `En annan webbplats kan ha lagt den där, eller så har någon annan loggat in i denna webbläsare. ${signInAgain}`,
  },
  token_malformed: { title: 'Din inloggning gick inte att läsa', advice: signInAgain },
  token_too_large: {
    title: 'Din inloggning är för stor för att sparas i en webbläsare',
    advice:
      'Du tillhör fler grupper än som ryms i en kaka (cookie). Säg till den som sköter din organisation.',
  },
  token_key_unknown: { title: 'Din inloggning är signerad med en okänd nyckel', advice: signInAgain },
  token_signature: { title: 'Signaturen i din inloggning stämmer inte', advice: signInAgain },
  token_claims: { title: 'Din inloggning saknar något som måste finnas', advice: signInAgain },
  token_purpose: { title: 'Denna token är inte gjord för att logga in', advice: signInAgain },
  token_expired: { title: 'Din session har gått ut', advice: signInAgain },
  token_from_future: {
    title: 'Din inloggning är daterad i framtiden',
    advice: 'Inloggningstjänstens klocka går före. Vänta en minut och logga sedan in igen.',
  },
  token_too_old: { title: 'Denna inloggning utfärdades för länge sedan', advice: signInAgain },
  token_lives_too_long: { title: 'Din inloggning säger sig gälla för länge', advice: signInAgain },
  token_issuer: { title: 'Din inloggning kommer från en okänd utfärdare', advice: signInAgain },
  token_audience: { title: 'Din inloggning är avsedd för någon annan', advice: signInAgain },
  token_revoked: {
    title: 'Du har loggats ut',
    advice:
      'Logga in igen för att fortsätta. Om inloggningssidan släpper dig rakt tillbaka hit, logga först ut där.',
  },
  subject_signed_out: { title: 'Alla dina sessioner har avslutats', advice: signInAgain },
  organisation_signed_out: { title: 'Alla sessioner i din organisation har avslutats', advice: signInAgain },
  subject_blocked: { title: 'Ditt konto är spärrat', advice: askOrganisation },
  token_organisation: {
    title: 'Din organisation är spärrad eller finns inte längre här',
    advice: askOrganisation,
  },

  login_not_from_this_browser: {
    title: 'Denna inloggning påbörjades inte i den här webbläsaren',
    advice: `${signInAgain} Kakor (cookies) måste vara tillåtna för den här webbplatsen, och en inloggning måste avslutas i samma webbläsare som den påbörjades i, inom en halvtimme.`,
  },
  login_cancelled: {
    title: 'Inloggningen avbröts',
    advice: `Du är inte inloggad. ${signInAgain}`,
  },
  login_refused: {
    title: 'Inloggningssidan nekade inloggningen',
    advice: `${signInAgain} Om den nekas igen, fråga den som sköter din organisation.`,
  },
  login_other_organisation: {
    title: 'Du loggade in hos en annan organisation',
    advice: `${signInAgain} Välj den organisation som efterfrågades.`,
  },
  login_loop: {
    title: 'Inloggningen går runt i cirklar',
    advice:
      'Du skickades genom inloggningen flera gånger inom en minut, så den stoppades här. Tjänsten du vill till kanske inte godtar ditt konto, eller så sparar din webbläsare inte sina kakor (cookies). Vänta en minut innan du försöker igen; om det fortsätter, säg till den som driver tjänsten.',
  },
  organisation_unknown: {
    title: 'Denna organisation är inte känd här',
    advice: 'Kontrollera organisationens namn med den som gav dig länken.',
  },
  organisation_blocked: {
    title: 'Denna organisation är spärrad',
    advice: 'Ingen kan logga in på den just nu. Den som sköter din organisation kan berätta varför.',
  },
  foreign_origin: {
    title: 'Denna begäran kom från en annan webbplats',
    advice: 'Ingenting har ändrats. Gå tillbaka till tjänsten du kom från och försök därifrån.',
  },
  rule_not_met: {
    title: 'Du får inte använda denna tjänst',
    advice: `Du är inloggad men har inte tillgång hit. ${askOrganisation}`,
  },
  unit_not_held: { title: 'Du tillhör inte denna enhet', advice: 'Välj en av dina egna enheter.' },

  state_missing: { title: 'Det går inte att logga in just nu', advice: tryLater },
  state_too_old: { title: 'Det går inte att logga in just nu', advice: tryLater },
  token_key_pending: { title: 'Din inloggning kan inte kontrolleras ännu', advice: tryLater },
  table_unavailable: { title: 'Din session kan inte kontrolleras just nu', advice: tryLater },
  internal: { title: 'Något gick fel', advice: 'Felet har noterats. Vänta en minut och försök igen.' },
} as const satisfies Record<Code, { title: string; advice: string }>

/** For whoever signed out by a form of a page, and is sent nowhere. */
export const svFarewell = {
  title: 'Du är utloggad',
  advice:
    'Din session är avslutad. Din organisation kan fortfarande känna igen dig: på en delad dator, logga ut även där eller stäng webbläsaren.',
}
