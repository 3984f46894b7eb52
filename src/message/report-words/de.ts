import type { ReportWords } from './words.ts'

/** Say it in German. */
export const de: ReportWords = {
  from: 'Mailzustellung',
  subject: {
    failed: 'Ihre Nachricht konnte nicht zugestellt werden',
    delayed: 'Ihre Nachricht wurde noch nicht zugestellt',
    relayed: 'Ihre Nachricht wurde weitergeleitet',
    delivered: 'Ihre Nachricht wurde zugestellt',
    expanded: 'Ihre Nachricht wurde an mehrere Empfänger weitergeleitet',
  },
  happened: {
    failed: 'Ihre Nachricht vom {date} konnte nicht zugestellt werden an:',
    delayed: 'Ihre Nachricht vom {date} wurde noch nicht zugestellt an:',
    relayed: 'Ihre Nachricht vom {date} wurde an den nächsten Mailserver übergeben, für:',
    delivered: 'Ihre Nachricht vom {date} wurde zugestellt an:',
    expanded: 'Ihre Nachricht vom {date} wurde an alle weitergeleitet, die hinter dieser Adresse stehen:',
  },
  reasons: {
    noSuchAddress: {
      what: 'Die Adresse gibt es nicht.',
      advice:
        'Bitte prüfen Sie die Schreibweise. Wenn sie stimmt, fragen Sie den Empfänger nach seiner aktuellen Adresse.',
    },
    addressMoved: {
      what: 'Der Empfänger hat eine neue Adresse.',
      advice:
        'Bitte fragen Sie ihn nach seiner aktuellen Adresse. Vielleicht steht sie unten in den technischen Einzelheiten.',
    },
    noSuchDomain: {
      what: 'Den Teil der Adresse hinter dem @ gibt es nicht, oder er hat keinen Mailserver.',
      advice: 'Bitte prüfen Sie die Schreibweise.',
    },
    takesNoMail: {
      what: 'Der Teil der Adresse hinter dem @ gehört zu einer Domain, die überhaupt keine Mail annimmt.',
      advice: 'Bitte prüfen Sie die Adresse, oder erreichen Sie den Empfänger auf anderem Weg.',
    },
    mailboxDisabled: {
      what: 'Das Postfach ist abgeschaltet oder nimmt keine Mail von Ihnen an.',
      advice: 'Bitte erreichen Sie den Empfänger auf anderem Weg.',
    },
    mailboxFull: {
      what: 'Das Postfach des Empfängers ist voll.',
      advice:
        'Bitte sagen Sie es dem Empfänger auf anderem Weg, oder senden Sie die Nachricht in einigen Tagen noch einmal.',
    },
    tooBig: {
      what: 'Die Nachricht ist größer, als der Mailserver des Empfängers annimmt.',
      advice:
        'Bitte senden Sie sie noch einmal ohne Anhänge oder mit kleineren, oder bieten Sie die Anhänge zum Herunterladen an.',
    },
    tooManyRecipients: {
      what: 'Die Nachricht hat mehr Empfänger, als der Mailserver des Empfängers auf einmal annimmt.',
      advice: 'Bitte senden Sie sie noch einmal, an jeweils weniger Empfänger.',
    },
    unreachable: {
      what: 'Der Mailserver des Empfängers war nicht erreichbar oder konnte die Nachricht nicht annehmen.',
      advice:
        'Bitte prüfen Sie den Teil der Adresse hinter dem @. Wenn er stimmt, versuchen Sie es später noch einmal.',
    },
    expired: {
      what: 'Der Mailserver des Empfängers hat die Nachricht trotz vieler Versuche nicht rechtzeitig angenommen.',
      advice:
        'Bitte prüfen Sie den Teil der Adresse hinter dem @. Wenn er stimmt, versuchen Sie es später noch einmal.',
    },
    loop: {
      what: 'Die Nachricht lief im Kreis: Mailserver haben sie hin und her geschickt.',
      advice:
        'Bitte sagen Sie es dem Empfänger auf anderem Weg: Nur die Betreuer seines Mailservers können das beheben.',
    },
    internationalAddress: {
      what: 'Der Mailserver des Empfängers unterstützt keine Adressen mit anderen Buchstaben als a-z.',
      advice:
        'Bitte fragen Sie den Empfänger nach einer Adresse ohne solche Buchstaben, oder senden Sie von einer solchen.',
    },
    content: {
      what: 'Der Mailserver des Empfängers kann mit der Form der Nachricht nicht umgehen.',
      advice: 'Bitte senden Sie sie noch einmal als reinen Text ohne Anhänge.',
    },
    listMembersOnly: {
      what: 'Sie dürfen an diese Adresse oder Mailingliste nicht schreiben.',
      advice: 'Bitte bitten Sie ihren Betreiber darum.',
    },
    unencrypted: {
      what: 'Die Nachricht darf nur verschlüsselt und nur an einen Server gehen, der sich ausweist; der Mailserver des Empfängers hat das nicht getan.',
      advice: 'Bitte sagen Sie es dem Empfänger auf anderem Weg: Die Betreuer seines Mailservers können das beheben.',
    },
    refused: {
      what: 'Der Mailserver des Empfängers hat die Nachricht abgelehnt: Er hält sie für unerwünscht, oder seine Regeln verbieten sie.',
      advice:
        'Bitte lesen Sie seine Antwort unten in den technischen Einzelheiten, oder zeigen Sie sie Ihrem Administrator.',
    },
    sentBack: {
      what: 'Ein Administrator dieses Mailservers hat die Nachricht angehalten und zurückgeschickt.',
      advice: 'Bitte fragen Sie Ihren Administrator nach dem Grund.',
    },
    serverTrouble: {
      what: 'Ein Mailserver auf dem Weg ist gestört oder falsch eingerichtet.',
      advice: 'Bitte sagen Sie es Ihrem Administrator, mit den technischen Einzelheiten unten.',
    },
    other: {
      what: 'Der Mailserver des Empfängers hat die Nachricht nicht angenommen.',
      advice:
        'Seine Antwort steht unten in den technischen Einzelheiten; Ihr Administrator kann Ihnen helfen, sie zu verstehen.',
    },
  },
  triedUntil:
    'Sie müssen nichts tun. Die Zustellung wird bis {date} weiter versucht; bitte senden Sie die Nachricht nicht noch einmal.',
  triedOn:
    'Sie müssen nichts tun. Die Zustellung wird weiter versucht; bitte senden Sie die Nachricht nicht noch einmal.',
  noMoreNews:
    'Dieser Server bestätigt die Zustellung nicht. Sie hören also nichts mehr davon, es sei denn, sie misslingt.',
  andMore: 'und {count} weitere',
  details: 'Technische Einzelheiten',
  reference: 'Kennung',
  answered: 'der Server {host} hat geantwortet:',
  inEnglish: 'Auf Englisch (In English)',
}
