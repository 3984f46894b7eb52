/** Users and groups of every Debian, in the place of those that the package would have made. */
export const DAEMON = { name: 'daemon', uid: 1, gid: 1 }
export const GAMES = { name: 'games', gid: 60 }
export const NOBODY = { name: 'nobody', uid: 65_534, gid: 65_534 }
