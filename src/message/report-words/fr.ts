import type { ReportWords } from './words.ts'

/** Say it in French. */
export const fr: ReportWords = {
  from: 'Distribution du courrier',
  subject: {
    failed: "Votre message n'a pas pu être remis",
    delayed: "Votre message n'a pas encore été remis",
    relayed: 'Votre message a été transmis',
    delivered: 'Votre message a été remis',
    expanded: 'Votre message a été transmis à plusieurs destinataires',
  },
  happened: {
    failed: "Votre message du {date} n'a pas pu être remis à :",
    delayed: "Votre message du {date} n'a pas encore été remis à :",
    relayed: 'Votre message du {date} a été transmis au serveur de messagerie suivant pour :',
    delivered: 'Votre message du {date} a été remis à :',
    expanded: 'Votre message du {date} a été transmis à tous les destinataires que regroupe cette adresse :',
  },
  reasons: {
    noSuchAddress: {
      what: "L'adresse n'existe pas.",
      advice:
        "Veuillez en vérifier l'orthographe. Si elle est correcte, demandez au destinataire son adresse actuelle.",
    },
    addressMoved: {
      what: "Le destinataire a changé d'adresse.",
      advice:
        'Veuillez lui demander son adresse actuelle. Elle figure peut-être dans les détails techniques ci-dessous.',
    },
    noSuchDomain: {
      what: "La partie de l'adresse qui suit le @ n'existe pas ou n'a pas de serveur de messagerie.",
      advice: "Veuillez en vérifier l'orthographe.",
    },
    takesNoMail: {
      what: "La partie de l'adresse qui suit le @ appartient à un domaine qui n'accepte aucun courrier.",
      advice: "Veuillez vérifier l'adresse ou joindre le destinataire par un autre moyen.",
    },
    mailboxDisabled: {
      what: "La boîte aux lettres est désactivée ou n'accepte pas de courrier de votre part.",
      advice: 'Veuillez joindre le destinataire par un autre moyen.',
    },
    mailboxFull: {
      what: 'La boîte aux lettres du destinataire est pleine.',
      advice: 'Veuillez prévenir le destinataire par un autre moyen ou renvoyer le message dans quelques jours.',
    },
    tooBig: {
      what: "Le message est plus volumineux que ce qu'accepte le serveur de messagerie du destinataire.",
      advice:
        'Veuillez le renvoyer sans pièces jointes ou avec des pièces jointes plus petites, ou proposez-les en téléchargement.',
    },
    tooManyRecipients: {
      what: "Le message a plus de destinataires que n'en accepte en une fois le serveur de messagerie du destinataire.",
      advice: 'Veuillez le renvoyer à moins de destinataires à la fois.',
    },
    unreachable: {
      what: "Le serveur de messagerie du destinataire n'a pas pu être joint ou n'a pas pu accepter le message.",
      advice: "Veuillez vérifier la partie de l'adresse qui suit le @. Si elle est correcte, réessayez plus tard.",
    },
    expired: {
      what: "Malgré de nombreuses tentatives, le serveur de messagerie du destinataire n'a pas accepté le message à temps.",
      advice: "Veuillez vérifier la partie de l'adresse qui suit le @. Si elle est correcte, réessayez plus tard.",
    },
    loop: {
      what: 'Le message a tourné en rond : des serveurs de messagerie se le sont renvoyé.',
      advice:
        'Veuillez prévenir le destinataire par un autre moyen : seuls les administrateurs de sa messagerie peuvent y remédier.',
    },
    internationalAddress: {
      what: "Le serveur de messagerie du destinataire n'accepte pas les adresses contenant d'autres lettres que a-z.",
      advice:
        'Veuillez demander au destinataire une adresse sans ces lettres, ou écrivez-lui depuis une telle adresse.',
    },
    content: {
      what: 'Le serveur de messagerie du destinataire ne sait pas traiter le format du message.',
      advice: 'Veuillez le renvoyer en texte brut, sans pièces jointes.',
    },
    listMembersOnly: {
      what: "Vous n'êtes pas autorisé à écrire à cette adresse ou à cette liste de diffusion.",
      advice: "Veuillez en demander l'autorisation à son responsable.",
    },
    unencrypted: {
      what: "Le message ne doit circuler que chiffré et vers un serveur qui prouve son identité, ce que le serveur de messagerie du destinataire n'a pas fait.",
      advice:
        'Veuillez prévenir le destinataire par un autre moyen : les administrateurs de sa messagerie peuvent y remédier.',
    },
    refused: {
      what: "Le serveur de messagerie du destinataire a refusé le message : il le juge indésirable ou ses règles l'interdisent.",
      advice: 'Veuillez lire sa réponse dans les détails techniques ci-dessous ou la montrer à votre administrateur.',
    },
    sentBack: {
      what: "Un administrateur de ce serveur de messagerie a arrêté le message et l'a renvoyé.",
      advice: 'Veuillez en demander la raison à votre administrateur.',
    },
    serverTrouble: {
      what: 'Un serveur de messagerie sur le trajet est en panne ou mal configuré.',
      advice: 'Veuillez en informer votre administrateur en lui transmettant les détails techniques ci-dessous.',
    },
    other: {
      what: "Le serveur de messagerie du destinataire n'a pas accepté le message.",
      advice:
        'Sa réponse figure dans les détails techniques ci-dessous ; votre administrateur peut vous aider à la comprendre.',
    },
  },
  triedUntil:
    "Vous n'avez rien à faire. De nouvelles tentatives auront lieu jusqu'au {date} ; veuillez ne pas renvoyer le message.",
  triedOn: "Vous n'avez rien à faire. De nouvelles tentatives auront lieu ; veuillez ne pas renvoyer le message.",
  noMoreNews: "Ce serveur ne confirme pas la remise : vous n'aurez plus de nouvelles, sauf si elle échoue.",
  andMore: 'et {count} autres',
  details: 'Détails techniques',
  reference: 'Référence',
  answered: 'le serveur {host} a répondu :',
  inEnglish: 'En anglais (In English)',
}
