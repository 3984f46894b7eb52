import type { ReportWords } from './words.ts'

/** Say it in Czech. */
export const cs: ReportWords = {
  from: 'Doručování pošty',
  subject: {
    failed: 'Vaši zprávu se nepodařilo doručit',
    delayed: 'Vaše zpráva dosud nebyla doručena',
    relayed: 'Vaše zpráva byla předána dál',
    delivered: 'Vaše zpráva byla doručena',
    expanded: 'Vaše zpráva byla předána více příjemcům',
  },
  happened: {
    failed: 'Vaši zprávu z {date} se nepodařilo doručit na adresu:',
    delayed: 'Vaše zpráva z {date} dosud nebyla doručena na adresu:',
    relayed: 'Vaše zpráva z {date} byla předána dalšímu poštovnímu serveru pro adresu:',
    delivered: 'Vaše zpráva z {date} byla doručena na adresu:',
    expanded: 'Vaše zpráva z {date} byla předána všem, kdo jsou za touto adresou:',
  },
  reasons: {
    noSuchAddress: {
      what: 'Adresa neexistuje.',
      advice: 'Zkontrolujte prosím, zda je správně napsaná. Pokud ano, zeptejte se příjemce na současnou adresu.',
    },
    addressMoved: {
      what: 'Příjemce má novou adresu.',
      advice: 'Zeptejte se ho prosím na současnou adresu. Možná je uvedena níže v technických podrobnostech.',
    },
    noSuchDomain: {
      what: 'Část adresy za znakem @ neexistuje nebo nemá poštovní server.',
      advice: 'Zkontrolujte prosím, zda je správně napsaná.',
    },
    takesNoMail: {
      what: 'Část adresy za znakem @ patří doméně, která nepřijímá vůbec žádnou poštu.',
      advice: 'Zkontrolujte prosím adresu nebo kontaktujte příjemce jiným způsobem.',
    },
    mailboxDisabled: {
      what: 'Schránka je vypnutá nebo od vás poštu nepřijímá.',
      advice: 'Kontaktujte prosím příjemce jiným způsobem.',
    },
    mailboxFull: {
      what: 'Schránka příjemce je plná.',
      advice: 'Dejte to prosím příjemci vědět jiným způsobem nebo zprávu pošlete znovu za několik dní.',
    },
    tooBig: {
      what: 'Zpráva je větší, než poštovní server příjemce přijímá.',
      advice: 'Pošlete ji prosím znovu bez příloh nebo s menšími přílohami, případně je nabídněte ke stažení.',
    },
    tooManyRecipients: {
      what: 'Zpráva má více příjemců, než poštovní server příjemce najednou přijímá.',
      advice: 'Pošlete ji prosím znovu, vždy méně příjemcům najednou.',
    },
    unreachable: {
      what: 'Poštovní server příjemce nebyl dostupný nebo nemohl zprávu přijmout.',
      advice: 'Zkontrolujte prosím část adresy za znakem @. Pokud je správná, zkuste to později znovu.',
    },
    expired: {
      what: 'Poštovní server příjemce zprávu přes opakované pokusy nepřijal včas.',
      advice: 'Zkontrolujte prosím část adresy za znakem @. Pokud je správná, zkuste to později znovu.',
    },
    loop: {
      what: 'Zpráva kolovala v kruhu: poštovní servery si ji posílaly tam a zpět.',
      advice: 'Dejte to prosím příjemci vědět jiným způsobem: napravit to mohou jen správci jeho pošty.',
    },
    internationalAddress: {
      what: 'Poštovní server příjemce nepodporuje adresy s jinými písmeny než a-z.',
      advice: 'Požádejte prosím příjemce o adresu bez takových písmen nebo pište z adresy, která je neobsahuje.',
    },
    content: {
      what: 'Poštovní server příjemce neumí zpracovat formát zprávy.',
      advice: 'Pošlete ji prosím znovu jako prostý text bez příloh.',
    },
    listMembersOnly: {
      what: 'Na tuto adresu nebo do této konference nesmíte psát.',
      advice: 'Požádejte prosím o povolení jejího správce.',
    },
    unencrypted: {
      what: 'Zpráva smí být přenášena jen šifrovaně a jen na server, který prokáže svou totožnost, a to poštovní server příjemce neudělal.',
      advice: 'Dejte to prosím příjemci vědět jiným způsobem: napravit to mohou správci jeho pošty.',
    },
    refused: {
      what: 'Poštovní server příjemce zprávu odmítl: považuje ji za nevyžádanou nebo to zakazují jeho pravidla.',
      advice: 'Přečtěte si prosím jeho odpověď níže v technických podrobnostech nebo ji ukažte svému správci.',
    },
    sentBack: {
      what: 'Správce tohoto poštovního serveru zprávu zastavil a vrátil.',
      advice: 'Na důvod se prosím zeptejte svého správce.',
    },
    serverTrouble: {
      what: 'Některý poštovní server po cestě má poruchu nebo je špatně nastaven.',
      advice: 'Sdělte to prosím svému správci, spolu s technickými podrobnostmi níže.',
    },
    other: {
      what: 'Poštovní server příjemce zprávu nepřijal.',
      advice: 'Jeho odpověď je níže v technických podrobnostech; porozumět jí vám pomůže váš správce.',
    },
  },
  triedUntil: 'Nemusíte nic dělat. Doručení se bude zkoušet dál do {date}; zprávu prosím neposílejte znovu.',
  triedOn: 'Nemusíte nic dělat. Doručení se bude zkoušet dál; zprávu prosím neposílejte znovu.',
  noMoreNews: 'Tento server doručení nepotvrzuje, takže už o zprávě neuslyšíte, ledaže by se doručení nezdařilo.',
  andMore: 'a dalších {count}',
  details: 'Technické podrobnosti',
  reference: 'Značka',
  answered: 'server {host} odpověděl:',
  inEnglish: 'Anglicky (In English)',
}
