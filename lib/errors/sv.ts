import type { Words } from './en.ts'

/** The Swedish texts of pages. A missing text does not compile. */

const signIn = {
  here: 'Logga in igen för att fortsätta.',
  elsewhere: 'Gå tillbaka till tjänsten du kom från och logga in därifrån.',
}
const signInAgain = signIn.here
const linkIsWrong =
  'Länken som ledde hit är ofullständig eller inte tillåten. Gå tillbaka till tjänsten du kom från och försök igen därifrån. Om det händer igen, kontakta dem som driver tjänsten.'
const tryLater =
  'Det är inte ditt fel. Vänta en minut och försök igen. Om du redan är inloggad förblir du det.'
const clientError = 'Det är ett fel i programmet som skickade begäran.'
const askOrganisation = 'Fråga din organisations administratör.'
const tellOrganisation = 'Kontakta din organisations administratör och uppge koden nedan.'
const ifAgain = 'Om det händer igen, kontakta din organisations administratör och uppge koden nedan.'

/** All Swedish texts. */
export const sv: Words = {
  /** RFC 5646. */
  language: 'sv',

  labels: {
    signIn: 'Logga in igen',
    retry: 'Försök igen',
    help: 'Om du ber om hjälp, uppge detta:',
    code: 'Kod',
    request: 'Begäran',
  },

  /** With a button that starts a login, and without one. */
  signIn,

  /** The page at `/`. */
  start: {
    title: 'Du loggar in här när en tjänst ber dig om det',
    advice:
      'På den här sidan finns inget att göra. Öppna tjänsten du vill använda: den skickar dig hit när du behöver logga in.',
  },

  /** The page after a logout without a redirect. */
  loggedOut: {
    title: 'Du är utloggad',
    advice:
      'Din session är avslutad. Du kan fortfarande vara inloggad hos din organisation. På en delad dator bör du logga ut även där eller stänga webbläsaren.',
  },

  /** The title says what happened, the advice what the person can do. */
  failures: {
    bad_query: { title: 'Adressen är ofullständig eller går inte att läsa', advice: linkIsWrong },
    bad_organisation: { title: 'Det här är inte ett giltigt organisationsnamn', advice: linkIsWrong },
    return_url_not_allowed: { title: 'Returadressen är inte tillåten', advice: linkIsWrong },
    bad_cookies: {
      title: 'Din webbläsare skickade felaktiga kakor',
      advice: 'Ta bort webbplatsens kakor (cookies) och försök igen.',
    },
    bad_body: { title: 'Innehållet är inte den JSON som förväntades', advice: clientError },
    body_too_large: { title: 'Innehållet är för stort', advice: clientError },
    not_json: { title: 'Innehållet måste vara JSON', advice: clientError },
    bad_rule: { title: 'Tjänstens åtkomstregel är ogiltig', advice: clientError },
    not_found: {
      title: 'Det finns ingenting på den här adressen',
      advice: 'Gå tillbaka till tjänsten du kom från och försök igen därifrån.',
    },

    not_a_navigation: {
      title: 'Inloggningen måste öppnas i ett eget fönster',
      advice: 'Öppna inloggningens adress i ett fönster eller en flik.',
    },
    token_missing: { title: 'Du är inte inloggad', advice: signInAgain },
    token_duplicate: {
      title: 'Din webbläsare skickade två sessioner samtidigt',
      advice: `Ingen av dem godtogs och båda har tagits bort. ${signInAgain}`,
    },
    session_of_another_person: {
      title: 'Sessionen i din webbläsare tillhör någon annan',
      advice: `En annan webbplats kan ha lagt den där, eller så har någon annan loggat in med den här webbläsaren. ${signInAgain}`,
    },
    token_malformed: { title: 'Din inloggning gick inte att läsa', advice: signInAgain },
    token_too_large: {
      title: 'Din inloggning är för stor för att sparas i en webbläsare',
      advice:
        'Du tillhör fler grupper än som ryms i en kaka (cookie). Kontakta din organisations administratör.',
    },
    token_key_unknown: { title: 'Din inloggning är signerad med en okänd nyckel', advice: signInAgain },
    token_signature: { title: 'Din inloggning kunde inte verifieras', advice: signInAgain },
    token_claims: { title: 'Din inloggning kunde inte verifieras', advice: signInAgain },
    token_purpose: { title: 'Denna token kan inte användas för att logga in', advice: signInAgain },
    token_expired: { title: 'Din session har gått ut', advice: signInAgain },
    token_from_future: {
      title: 'Din inloggning är daterad i framtiden',
      advice: 'Inloggningstjänstens klocka går före. Vänta en minut och logga sedan in igen.',
    },
    token_too_old: { title: 'Inloggningen är för gammal', advice: signInAgain },
    token_lives_too_long: { title: 'Din inloggning har för lång giltighetstid', advice: signInAgain },
    token_issuer: { title: 'Din inloggning kunde inte verifieras', advice: signInAgain },
    token_audience: { title: 'Din inloggning är avsedd för en annan tjänst', advice: signInAgain },
    token_revoked: {
      title: 'Du har loggats ut',
      advice:
        'Logga in igen för att fortsätta. Om inloggningssidan skickar dig direkt tillbaka hit, logga först ut där.',
    },
    subject_signed_out: { title: 'Du har loggats ut överallt', advice: signInAgain },
    organisation_signed_out: {
      title: 'Alla i din organisation har loggats ut',
      advice: signInAgain,
    },
    subject_blocked: { title: 'Ditt konto är spärrat', advice: askOrganisation },
    token_organisation: {
      title: 'Din organisation är spärrad eller finns inte längre här',
      advice: askOrganisation,
    },

    login_not_from_this_browser: {
      title: 'Inloggningen påbörjades inte i den här webbläsaren',
      advice: `${signInAgain} Tillåt kakor (cookies) för webbplatsen och slutför inloggningen inom en halvtimme, i webbläsaren där du började.`,
    },
    login_cancelled: {
      title: 'Inloggningen avbröts',
      advice: `Du är inte inloggad. ${signInAgain}`,
    },
    login_refused: {
      title: 'Inloggningen nekades på inloggningssidan',
      advice: `${signInAgain} Om det händer igen, fråga din organisations administratör.`,
    },
    login_other_organisation: {
      title: 'Du loggade in hos en annan organisation',
      advice: `${signInAgain} Välj den organisation som efterfrågades.`,
    },
    login_loop: {
      title: 'Inloggningen upprepas gång på gång',
      advice:
        'Du gick igenom inloggningen flera gånger inom en minut, så den stoppades. Tjänsten kanske inte godtar ditt konto, eller så sparar din webbläsare inte tjänstens kakor (cookies). Vänta en minut innan du försöker igen. Om det fortsätter, kontakta dem som driver tjänsten.',
    },
    organisation_unknown: {
      title: 'Organisationen är okänd här',
      advice: 'Kontrollera organisationens namn med den som gav dig länken.',
    },
    organisation_blocked: {
      title: 'Organisationen är spärrad',
      advice: 'Just nu kan ingen logga in där. Din organisations administratör kan berätta varför.',
    },
    foreign_origin: {
      title: 'Begäran kom från en annan webbplats',
      advice: 'Ingenting har ändrats. Gå tillbaka till tjänsten du kom från och försök igen därifrån.',
    },
    rule_not_met: {
      title: 'Du har inte tillgång till tjänsten',
      advice: `Du är inloggad men saknar behörighet. ${askOrganisation}`,
    },
    unit_not_held: { title: 'Du tillhör inte den här enheten', advice: 'Välj en av dina egna enheter.' },

    state_missing: { title: 'Det går inte att logga in just nu', advice: tryLater },
    state_too_old: { title: 'Det går inte att logga in just nu', advice: tryLater },
    token_key_pending: { title: 'Din inloggning kan inte kontrolleras ännu', advice: tryLater },
    table_unavailable: { title: 'Din session kan inte kontrolleras just nu', advice: tryLater },
    internal: { title: 'Något gick fel', advice: 'Felet har loggats. Vänta en minut och försök igen.' },
  },

  /** The texts of the optional identity service (`identity/`), here so that a language is one file. */
  identity: {
    failures: {
      callback_not_allowed: {
        title: 'Inloggningen begärdes inte av någon känd tjänst',
        advice: 'Gå tillbaka till tjänsten du kom från och logga in därifrån.',
      },
      logout_from_elsewhere: {
        title: 'En annan webbplats ville logga ut dig',
        advice: 'Du är fortfarande inloggad. Logga ut från tjänsten du är inloggad i.',
      },
      logout_token_refused: {
        title: 'Utloggningens token godtogs inte',
        advice: 'Kontrollera leverantören som skickade begäran.',
      },
      provider_unavailable: {
        title: 'Din organisations inloggning svarar inte',
        advice:
          'Det är inte ditt fel. Vänta en minut och försök igen. Om du redan är inloggad förblir du det.',
      },
      provider_misconfigured: {
        title: 'Din organisations inloggning är inte rätt konfigurerad',
        advice: tellOrganisation,
      },
      provider_answer_refused: {
        title: 'Svaret från din organisations inloggning kunde inte verifieras',
        advice: `Du loggades inte in. Försök igen. ${ifAgain}`,
      },
      code_refused: {
        title: 'Inloggningen har gått ut eller har redan använts',
        advice: 'Logga in igen för att fortsätta.',
      },
      person_not_allowed: {
        title: 'Ditt konto får inte logga in här',
        advice: `Du loggade in, men den här organisationen godtar inte ditt konto. ${tellOrganisation}`,
      },
      groups_overage: {
        title: 'Du tillhör för många grupper för att kunna logga in',
        advice:
          'Din organisations leverantör utelämnar grupperna för den som har för många. Be administratören att bara skicka de grupper som är tilldelade den här applikationen.',
      },
      signing_unavailable: {
        title: 'Det går inte att logga in dig just nu',
        advice: 'Det är inte ditt fel. Vänta en minut och försök igen.',
      },
    },

    /** After a logout. They promise that the provider was asked, not more: people may decline there. */
    signedOut: {
      asked: {
        title: 'Du är utloggad här',
        advice: 'Din organisations inloggning har också fått en begäran om att logga ut dig.',
      },
      notThere: {
        title: 'Du är utloggad här, men inte hos din organisation',
        advice:
          'Din organisations inloggning kan inte logga ut dig härifrån. På en delad dator bör du logga ut även där eller stänga webbläsaren.',
      },
    },
  },
}
