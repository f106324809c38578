import type { Words } from './en.ts'

/** Every text of a page in Swedish. A text that is missing here does not compile. */

const signIn = {
  here: 'Logga in igen för att fortsätta.',
  elsewhere: 'Gå tillbaka till tjänsten du kom från och logga in därifrån.',
}
const signInAgain = signIn.here
const linkIsWrong =
  'Länken som ledde hit är inte fullständig eller inte tillåten. Gå tillbaka till tjänsten du kom från och försök därifrån; om det händer igen, säg till den som driver tjänsten.'
const tryLater =
  'Det är inte ditt fel. Vänta en minut och försök igen. Om du redan är inloggad förblir du det.'
const clientError = 'Programmet som skickade denna begäran behöver rättas.'
const askOrganisation = 'Fråga den som sköter din organisation.'
const tellOrganisation = 'Säg till den som sköter din organisation och uppge koden nedan.'

export const sv: Words = {
  /** RFC 5646. */
  language: 'sv',

  labels: {
    signIn: 'Logga in igen',
    retry: 'Försök igen',
    help: 'Om du ber någon om hjälp, uppge detta:',
    code: 'Kod',
    request: 'Begäran',
  },

  /** Said beside a button that starts a login, and where there is none to offer. */
  signIn,

  /** For whoever opens the address of the gateway itself. */
  start: {
    title: 'Du loggar in här när en tjänst ber dig om det',
    advice:
      'På den här sidan finns inget att göra. Öppna tjänsten du vill använda: den tar dig hit när du behöver logga in.',
  },

  /** For whoever signed out by a form of a page, and is sent nowhere. */
  farewell: {
    title: 'Du är utloggad',
    advice:
      'Din session är avslutad. Din organisation kan fortfarande känna igen dig: på en delad dator, logga ut även där eller stäng webbläsaren.',
  },

  /** What happened, and in one or two plain sentences what the person can do about it. */
  failures: {
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
    organisation_signed_out: {
      title: 'Alla sessioner i din organisation har avslutats',
      advice: signInAgain,
    },
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
  },

  /** The texts of the optional identity service (`identity/`), here so that a language is one file. */
  identity: {
    failures: {
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
        advice:
          'Det är inte ditt fel. Vänta en minut och försök igen. Om du redan är inloggad förblir du det.',
      },
      provider_misconfigured: {
        title: 'Din organisations inloggning är inte rätt inställd',
        advice: tellOrganisation,
      },
      provider_answer_refused: {
        title: 'Svaret från din organisations inloggning gick inte att lita på',
        advice: `Du loggades inte in. Försök en gång till; om det händer igen: ${tellOrganisation}`,
      },
      code_refused: {
        title: 'Denna inloggning har gått ut eller är redan använd',
        advice: 'Logga in igen för att fortsätta.',
      },
      person_not_allowed: {
        title: 'Ditt konto får inte logga in här',
        advice: `Du loggade in, men inte med ett konto som organisationen släpper in. ${tellOrganisation}`,
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
    },

    /** After a logout. They promise that the provider was asked, not more: people may decline there. */
    signedOut: {
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
  },
}
