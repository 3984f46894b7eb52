import type { ReportWords } from './words.ts'

/** Say it in Swedish. */
export const sv: ReportWords = {
  from: 'E-postleverans',
  subject: {
    failed: 'Ditt meddelande kunde inte levereras',
    delayed: 'Ditt meddelande har ännu inte levererats',
    relayed: 'Ditt meddelande har skickats vidare',
    delivered: 'Ditt meddelande har levererats',
    expanded: 'Ditt meddelande har skickats vidare till flera mottagare',
  },
  happened: {
    failed: 'Ditt meddelande från {date} kunde inte levereras till:',
    delayed: 'Ditt meddelande från {date} har ännu inte levererats till:',
    relayed: 'Ditt meddelande från {date} har lämnats vidare till nästa e-postserver för:',
    delivered: 'Ditt meddelande från {date} har levererats till:',
    expanded: 'Ditt meddelande från {date} har skickats vidare till alla som finns bakom den här adressen:',
  },
  reasons: {
    noSuchAddress: {
      what: 'Adressen finns inte.',
      advice: 'Kontrollera stavningen. Om den stämmer, fråga mottagaren efter den aktuella adressen.',
    },
    addressMoved: {
      what: 'Mottagaren har bytt adress.',
      advice: 'Fråga mottagaren efter den aktuella adressen. Den kanske står i de tekniska uppgifterna nedan.',
    },
    noSuchDomain: {
      what: 'Den del av adressen som står efter @ finns inte eller har ingen e-postserver.',
      advice: 'Kontrollera stavningen.',
    },
    takesNoMail: {
      what: 'Den del av adressen som står efter @ hör till en domän som inte tar emot någon e-post alls.',
      advice: 'Kontrollera adressen eller kontakta mottagaren på något annat sätt.',
    },
    mailboxDisabled: {
      what: 'Brevlådan är avstängd eller tar inte emot e-post från dig.',
      advice: 'Kontakta mottagaren på något annat sätt.',
    },
    mailboxFull: {
      what: 'Mottagarens brevlåda är full.',
      advice: 'Meddela mottagaren på något annat sätt eller skicka meddelandet igen om några dagar.',
    },
    tooBig: {
      what: 'Meddelandet är större än vad mottagarens e-postserver tar emot.',
      advice: 'Skicka det igen utan bilagor eller med mindre bilagor, eller erbjud bilagorna för nedladdning.',
    },
    tooManyRecipients: {
      what: 'Meddelandet har fler mottagare än vad mottagarens e-postserver tar emot på en gång.',
      advice: 'Skicka det igen till färre mottagare åt gången.',
    },
    unreachable: {
      what: 'Mottagarens e-postserver kunde inte nås eller kunde inte ta emot meddelandet.',
      advice: 'Kontrollera den del av adressen som står efter @. Om den stämmer, försök igen senare.',
    },
    expired: {
      what: 'Mottagarens e-postserver tog inte emot meddelandet i tid, trots många försök.',
      advice: 'Kontrollera den del av adressen som står efter @. Om den stämmer, försök igen senare.',
    },
    loop: {
      what: 'Meddelandet gick runt i cirkel: e-postservrar skickade det fram och tillbaka.',
      advice: 'Meddela mottagaren på något annat sätt: bara de som sköter mottagarens e-post kan åtgärda det.',
    },
    internationalAddress: {
      what: 'Mottagarens e-postserver stöder inte adresser med andra bokstäver än a-z.',
      advice: 'Be mottagaren om en adress utan sådana bokstäver, eller skriv från en sådan adress.',
    },
    content: {
      what: 'Mottagarens e-postserver kan inte hantera meddelandets format.',
      advice: 'Skicka det igen som ren text utan bilagor.',
    },
    listMembersOnly: {
      what: 'Du får inte skriva till den här adressen eller e-postlistan.',
      advice: 'Be den som ansvarar för den om lov.',
    },
    unencrypted: {
      what: 'Meddelandet får bara skickas krypterat och till en server som styrker sin identitet, och det gjorde inte mottagarens e-postserver.',
      advice: 'Meddela mottagaren på något annat sätt: de som sköter mottagarens e-post kan åtgärda det.',
    },
    refused: {
      what: 'Mottagarens e-postserver avvisade meddelandet: den anser att det är oönskat, eller så förbjuder dess regler det.',
      advice: 'Läs svaret i de tekniska uppgifterna nedan eller visa det för din administratör.',
    },
    sentBack: {
      what: 'En administratör för den här e-postservern har stoppat meddelandet och skickat tillbaka det.',
      advice: 'Fråga din administratör om orsaken.',
    },
    serverTrouble: {
      what: 'En e-postserver på vägen har ett fel eller är felaktigt inställd.',
      advice: 'Meddela din administratör och bifoga de tekniska uppgifterna nedan.',
    },
    other: {
      what: 'Mottagarens e-postserver tog inte emot meddelandet.',
      advice: 'Svaret står i de tekniska uppgifterna nedan; din administratör kan hjälpa dig att tolka det.',
    },
  },
  triedUntil: 'Du behöver inte göra någonting. Nya leveransförsök görs till {date}; skicka inte meddelandet igen.',
  triedOn: 'Du behöver inte göra någonting. Nya leveransförsök görs; skicka inte meddelandet igen.',
  noMoreNews: 'Den servern bekräftar inte leverans, så du får inte veta mer om inte leveransen misslyckas.',
  andMore: 'och {count} till',
  details: 'Tekniska uppgifter',
  reference: 'Referens',
  answered: 'servern {host} svarade:',
  inEnglish: 'På engelska (In English)',
}
