import { hostAndPort, hostName } from '../entries.ts'
import { choice, duration, flag, integer, list, optional, size } from '../kinds.ts'

export const server = {
  hostname: optional({
    of: hostName,
    about:
      "The name this server gives in its greeting, in Received lines and in reports; null is the machine's own full name.",
    kerio: 'Internet hostname',
    page: 'Server',
    applies: 'next connection',
  }),
} as const

export const dns = {
  servers: list({
    of: hostAndPort(53),
    default: [],
    most: 8,
    about: "The DNS servers to ask, as HOST or HOST:PORT; an empty list is the system's own.",
    page: 'Server',
    applies: 'at once',
  }),
  timeout: duration({
    default: 5_000,
    min: 100,
    max: 60_000,
    about: 'How long one DNS question may take before its answer counts as not to be had.',
    page: 'Server',
    applies: 'at once',
  }),
  cacheSize: integer({
    default: 100_000,
    min: 0,
    max: 10_000_000,
    about: 'DNS answers kept in memory for as long as their owners allow.',
    page: 'Server',
    applies: 'at once',
  }),
} as const

export const decisions = {
  keep: duration({
    default: 30 * 86_400_000,
    min: 3_600_000,
    about: 'How long the record of each decision is kept, and so how far back `postern explain` reaches.',
    page: 'Logs',
    applies: 'at once',
  }),
} as const

export const logs = {
  format: choice({
    of: ['text', 'json'],
    default: 'text',
    about: 'How a log line is written: for people, or one JSON object a line.',
    page: 'Logs',
    applies: 'at once',
  }),
  level: choice({
    of: ['debug', 'info', 'warn', 'error'],
    default: 'info',
    about: 'The least weighty line that is still written.',
    page: 'Logs',
    applies: 'at once',
  }),
  maxFileSize: size({
    default: 100 * 1024 ** 2,
    min: 64 * 1024,
    about: 'A log file that has grown to this size is closed and a new one begun.',
    kerio: 'Rotate when file exceeds size',
    page: 'Logs',
    applies: 'at once',
  }),
  keepFiles: integer({
    default: 10,
    min: 1,
    max: 1000,
    about: 'Closed log files that are kept; the oldest beyond these are deleted.',
    kerio: 'Keep at most N log files',
    page: 'Logs',
    applies: 'at once',
  }),
  console: flag({
    default: true,
    about: 'Log lines go to standard output as well (under systemd: to the journal).',
    page: 'Logs',
    applies: 'at once',
  }),
} as const
