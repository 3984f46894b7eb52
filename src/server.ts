/** Puts the parts together, starts and stops them. The only file that names a store's driver. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createAdmin } from '#admin/admin.ts'
import { createHttp } from '#admin/http.ts'
import { provision } from '#admin/provision.ts'
import { listenOnSocket } from '#admin/socket.ts'
import { makeCredentials, matchesCredentials } from '#auth/credentials.ts'
import { systemClock } from '#base/clock.ts'
import { createReferences } from '#base/reference.ts'
import { addressesOfThisMachine } from '#base/this-machine.ts'
import { createDirectoryChanges } from '#directory/change.ts'
import { openDirectory } from '#directory/directory.ts'
import { createEvents } from '#events/create-events.ts'
import { openLogFiles } from '#events/log-files.ts'
import type { FactReaders } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import { createPopLogins } from '#ledger/memory/pop-logins.ts'
import { compileGroups } from '#settings/ip-groups.ts'
import { SettingsKeeper } from '#settings/keeper.ts'
import type { Ports } from '#settings/listen.ts'
import type { Settings } from '#settings/schema.ts'
import { openStore } from '#store/sqlite/open.ts'
import { restoreStore } from '#store/sqlite/restore.ts'
import { startWriter } from '#store/sqlite/start.ts'
import { openCertificate } from './threads/certificate.ts'
import { createFacts } from './threads/facts.ts'
import { keepHouse } from './threads/housekeeping.ts'
import { machineName } from './threads/machine-name.ts'
import type { Policy } from './threads/messages.ts'
import { createServices, type Listening } from './threads/services.ts'
import { startSessionThreads } from './threads/session-threads.ts'
import { Undo } from './threads/undo.ts'

export interface ServerOptions {
  readonly dataDir: string
  readonly version: string
  readonly provisionFile?: string
  readonly ports: Ports
  /** Called with each place that is newly listened on. */
  readonly opened: (place: Listening) => void
}

export interface Server {
  /** Resolves when the server can no longer keep mail, with why. */
  readonly failed: Promise<Error>
  /** End the sessions, let the store finish, close the logs. */
  stop(why: string): Promise<void>
}

/** The store's file in the data directory. */
const STORE_FILE = 'postern.db'
const SOCKET_FILE = 'admin.sock'
/** Holds the number of the server's own process. */
const PID_FILE = 'postern.pid'

/** Sessions are cheap and the work is small: beyond this many threads the store's writer is the limit. */
const MOST_SESSION_THREADS = 8

/** Start the whole server; resolves when it listens and all is ready. Rejects with a Fault that says what to do. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const undo = new Undo()
  try {
    return await start(options, undo)
  } catch (error) {
    await undo.all()
    throw error
  }
}

async function start({ dataDir, version, provisionFile, ports, opened }: ServerOptions, undo: Undo): Promise<Server> {
  const clock = systemClock
  const startedAtMs = clock.nowMs()
  await mkdir(dataDir, { recursive: true, mode: 0o700 })

  const storeFile = join(dataDir, STORE_FILE)
  const writer = await startWriter({ file: storeFile })
  undo.push(() => writer.close())
  const store = openStore({ file: storeFile, port: writer.connect() })
  undo.push(() => store.close())
  // After the store's lock is ours, which says that no other server lives here.
  const pidFile = join(dataDir, PID_FILE)
  await writeFile(pidFile, `${process.pid}\n`)
  undo.push(() => rm(pidFile, { force: true }))

  const keeper = await SettingsKeeper.open(store.settings, { clock, ports })
  const settings = () => keeper.current().settings
  const logs = openLogFiles({ dir: join(dataDir, 'logs'), options: settings().logs, clock })
  undo.push(() => logs.close())
  const events = createEvents({ write: logs.write, clock, level: settings().logs.level })
  undo.push(() => events.settle())

  const directory = openDirectory({ store })
  const changes = createDirectoryChanges({
    store: store.directory,
    passwords: { makeCredentials, matchesCredentials },
  })
  if (provisionFile !== undefined) await provision(provisionFile, { settings: keeper, changes })
  logs.adopt(settings().logs)

  const hostname = () => settings().server.hostname ?? machineName()
  const certificate = await openCertificate({
    dir: join(dataDir, 'tls'),
    tls: settings().tls,
    hostname: hostname(),
    clock,
    events,
    changed: () => sessions.adopt(policy()),
  })
  undo.push(() => certificate.close())

  function policy(): Policy {
    const { cert, key } = certificate.current()
    return {
      settings: settings(),
      hostname: hostname(),
      certificate: { cert, key },
      machineAddresses: addressesOfThisMachine(),
    }
  }

  const referenceKey = await store.decisions.key()
  const popLogins = createPopLogins()
  const sessions = await startSessionThreads({
    threads: Math.min(availableParallelism(), MOST_SESSION_THREADS),
    storeFile,
    connectStore: () => writer.connect(),
    policy: policy(),
    referenceKey,
    events,
    clock,
    lines: logs.write,
    popLogin: (ip, atMs) => popLogins.note(ip, atMs),
  })
  undo.push(() => sessions.stop())

  /** The live readers, over these settings: for `try`. */
  function factsOver(draft: Settings): FactReaders<Subject> {
    return createFacts({
      settings: () => draft,
      inGroup: compileGroups(draft.ipGroups, addressesOfThisMachine()).has,
      directory,
      store: store.directory,
      popLogins,
      connections: (service) => (service === 'admin' ? 0 : sessions.connections(service)),
      nowMs: clock.nowMs,
    })
  }

  let ready = false
  const services = createServices({
    ports,
    bindSessions: sessions.bind,
    createHttp: () =>
      createHttp({
        ready: () => ready,
        allows: (ip) => {
          const { ipGroup } = settings().services.admin
          return ipGroup === undefined || compileGroups(settings().ipGroups, addressesOfThisMachine()).has(ipGroup, ip)
        },
        maxConnections: () => settings().services.admin.maxConnections,
      }),
    events,
    opened,
  })
  undo.push(() => services.close())

  const admin = createAdmin({
    version,
    startedAtMs,
    dataDir,
    store,
    settings: keeper,
    directory,
    changes,
    facts: factsOver,
    references: createReferences(referenceKey),
    machineAddresses: addressesOfThisMachine,
    events,
  })
  const socket = await listenOnSocket(await admin.ready(), join(dataDir, SOCKET_FILE))
  undo.push(() => socket.close())

  keeper.subscribe(async ({ version, settings: now }, differences) => {
    const saved = await store.settings.get(version)
    events.settingsChanged({ version, author: saved?.author ?? '', paths: differences.map(({ path }) => path) })
    events.setLevel(now.logs.level)
    logs.adopt(now.logs)
    if (differences.some(({ path }) => path.startsWith('tls.') || path === 'server.hostname')) {
      await certificate.follow(now.tls, hostname())
    }
    sessions.adopt(policy())
    await services.follow(now)
  })
  await services.follow(settings())
  undo.push(keepHouse(clock, store.decisions, settings, events))
  ready = true

  return {
    failed: writer.ended.then((error) => error ?? new Error('The store has ended')),
    async stop(why) {
      events.stopped(why)
      await undo.all()
    },
  }
}

/** Put a backup in the place of a data directory's store; throws a Fault when it is none, or while a server lives there. */
export function restore({ from, dataDir }: { readonly from: string; readonly dataDir: string }): void {
  restoreStore({ from, to: join(dataDir, STORE_FILE) })
}
