import type { ReportWords } from './words.ts'

/** Say it in Spanish. */
export const es: ReportWords = {
  from: 'Entrega de correo',
  subject: {
    failed: 'No se ha podido entregar su mensaje',
    delayed: 'Su mensaje aún no se ha entregado',
    relayed: 'Su mensaje se ha reenviado',
    delivered: 'Su mensaje se ha entregado',
    expanded: 'Su mensaje se ha reenviado a varios destinatarios',
  },
  happened: {
    failed: 'Su mensaje del {date} no se ha podido entregar a:',
    delayed: 'Su mensaje del {date} aún no se ha entregado a:',
    relayed: 'Su mensaje del {date} se ha pasado al siguiente servidor de correo para:',
    delivered: 'Su mensaje del {date} se ha entregado a:',
    expanded: 'Su mensaje del {date} se ha reenviado a todos los que están detrás de esta dirección:',
  },
  reasons: {
    noSuchAddress: {
      what: 'La dirección no existe.',
      advice: 'Compruebe que esté bien escrita. Si lo está, pida al destinatario su dirección actual.',
    },
    addressMoved: {
      what: 'El destinatario ha cambiado de dirección.',
      advice: 'Pídale su dirección actual. Quizá figure en los detalles técnicos, más abajo.',
    },
    noSuchDomain: {
      what: 'La parte de la dirección que sigue a la @ no existe o no tiene servidor de correo.',
      advice: 'Compruebe que esté bien escrita.',
    },
    takesNoMail: {
      what: 'La parte de la dirección que sigue a la @ pertenece a un dominio que no admite ningún correo.',
      advice: 'Compruebe la dirección o póngase en contacto con el destinatario por otro medio.',
    },
    mailboxDisabled: {
      what: 'El buzón está desactivado o no admite correo suyo.',
      advice: 'Póngase en contacto con el destinatario por otro medio.',
    },
    mailboxFull: {
      what: 'El buzón del destinatario está lleno.',
      advice: 'Avise al destinatario por otro medio o envíe el mensaje de nuevo dentro de unos días.',
    },
    tooBig: {
      what: 'El mensaje es más grande de lo que admite el servidor de correo del destinatario.',
      advice: 'Envíelo de nuevo sin archivos adjuntos o con adjuntos más pequeños, u ofrézcalos para su descarga.',
    },
    tooManyRecipients: {
      what: 'El mensaje tiene más destinatarios de los que admite a la vez el servidor de correo del destinatario.',
      advice: 'Envíelo de nuevo a menos destinatarios cada vez.',
    },
    unreachable: {
      what: 'No se ha podido conectar con el servidor de correo del destinatario, o este no ha podido aceptar el mensaje.',
      advice: 'Compruebe la parte de la dirección que sigue a la @. Si es correcta, inténtelo de nuevo más tarde.',
    },
    expired: {
      what: 'A pesar de muchos intentos, el servidor de correo del destinatario no ha aceptado el mensaje a tiempo.',
      advice: 'Compruebe la parte de la dirección que sigue a la @. Si es correcta, inténtelo de nuevo más tarde.',
    },
    loop: {
      what: 'El mensaje ha dado vueltas en círculo: unos servidores de correo se lo han devuelto a otros.',
      advice: 'Avise al destinatario por otro medio: solo los administradores de su correo pueden solucionarlo.',
    },
    internationalAddress: {
      what: 'El servidor de correo del destinatario no admite direcciones con letras distintas de a-z.',
      advice: 'Pida al destinatario una dirección sin esas letras, o escríbale desde una que no las tenga.',
    },
    content: {
      what: 'El servidor de correo del destinatario no puede tratar el formato del mensaje.',
      advice: 'Envíelo de nuevo como texto sin formato y sin archivos adjuntos.',
    },
    listMembersOnly: {
      what: 'No tiene permiso para escribir a esta dirección o lista de correo.',
      advice: 'Pídaselo a su responsable.',
    },
    unencrypted: {
      what: 'El mensaje solo puede viajar cifrado y hacia un servidor que demuestre su identidad, y el servidor de correo del destinatario no lo ha hecho.',
      advice: 'Avise al destinatario por otro medio: los administradores de su correo pueden solucionarlo.',
    },
    refused: {
      what: 'El servidor de correo del destinatario ha rechazado el mensaje: lo considera no deseado o sus reglas lo prohíben.',
      advice: 'Lea su respuesta en los detalles técnicos, más abajo, o muéstresela a su administrador.',
    },
    sentBack: {
      what: 'Un administrador de este servidor de correo ha detenido el mensaje y lo ha devuelto.',
      advice: 'Pregunte el motivo a su administrador.',
    },
    serverTrouble: {
      what: 'Un servidor de correo del recorrido tiene una avería o está mal configurado.',
      advice: 'Avise a su administrador y facilítele los detalles técnicos que siguen.',
    },
    other: {
      what: 'El servidor de correo del destinatario no ha aceptado el mensaje.',
      advice: 'Su respuesta figura en los detalles técnicos, más abajo; su administrador puede ayudarle a entenderla.',
    },
  },
  triedUntil:
    'No tiene que hacer nada. Se seguirá intentando la entrega hasta el {date}; no envíe el mensaje de nuevo, por favor.',
  triedOn: 'No tiene que hacer nada. Se seguirá intentando la entrega; no envíe el mensaje de nuevo, por favor.',
  noMoreNews: 'Ese servidor no confirma la entrega, así que no recibirá más noticias, a menos que esta falle.',
  andMore: 'y {count} más',
  details: 'Detalles técnicos',
  reference: 'Referencia',
  answered: 'el servidor {host} ha respondido:',
  inEnglish: 'En inglés (In English)',
}
