/** Puts the parts together, starts and stops them. The only file that names a store's driver. */
import { X509Certificate } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { createAdmin } from '#admin/admin.ts'
import { createHttp } from '#admin/http.ts'
import { createMetrics } from '#admin/metrics.ts'
import { openRelayWarning } from '#admin/open-relay-warning.ts'
import { provision } from '#admin/provision.ts'
import { listenOnSocket } from '#admin/socket.ts'
import { makeCredentials, matchesCredentials } from '#auth/credentials.ts'
import { openSignIn } from '#auth/sign-in.ts'
import { systemClock } from '#base/clock.ts'
import { createDns } from '#base/dns.ts'
import { createReferences } from '#base/reference.ts'
import { addressesOfThisMachine } from '#base/this-machine.ts'
import { checkDkimDaily } from '#deliver/dkim/daily-check.ts'
import { createDirectoryChanges } from '#directory/change.ts'
import { openDirectory } from '#directory/directory.ts'
import { createEvents } from '#events/create-events.ts'
import { openLogFiles } from '#events/log-files.ts'
import type { FactReaders } from '#gate/facts.ts'
import type { Subject } from '#gate/subject.ts'
import { DAY_MS } from '#ledger/contract.ts'
import { openOpenConnections } from '#ledger/memory/open-connections.ts'
import { createPopLogins } from '#ledger/memory/pop-logins.ts'
import { readOnly } from '#ledger/read-only.ts'
import { tentativeLedger } from '#review/tentative-ledger.ts'
import { compileGroups } from '#settings/ip-groups.ts'
import { SettingsKeeper } from '#settings/keeper.ts'
import type { Ports } from '#settings/listen.ts'
import type { Settings } from '#settings/schema.ts'
import { Records } from '#store/records.ts'
import { openStore } from '#store/sqlite/open.ts'
import { restoreStore } from '#store/sqlite/restore.ts'
import { startWriter } from '#store/sqlite/start.ts'
import { type Auditor, createAuditor, sayAudit, silentEvents } from './threads/auditor.ts'
import { openCertificate } from './threads/certificate.ts'
import { ACCOUNT } from './threads/facts/counters.ts'
import { createFacts } from './threads/facts.ts'
import { keepHouse } from './threads/housekeeping.ts'
import { createKeepers } from './threads/keepers.ts'
import { machineName } from './threads/machine-name.ts'
import type { Policy } from './threads/messages.ts'
import { watchOpenRelay } from './threads/open-relay-alarm.ts'
import { openSecrets, startOutgoing } from './threads/outgoing.ts'
import { reachOf } from './threads/reach.ts'
import { openReferenceNumbers } from './threads/reference-numbers.ts'
import { createServices, type Listening } from './threads/services.ts'
import { startSessionThreads } from './threads/session-threads.ts'
import { openSharedLedger } from './threads/shared-ledger.ts'
import { createStandingBlocks } from './threads/standing-blocks.ts'
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

/** What the store remembers the administrator's last address by. */
const ADMINISTRATOR_ADDRESS = 'administrator-address'

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
  let auditor: Auditor | undefined
  const startedAtMs = clock.nowMs()
  await mkdir(dataDir, { recursive: true, mode: 0o700 })

  const storeFile = join(dataDir, STORE_FILE)
  const writer = await startWriter({ file: storeFile })
  undo.push(() => writer.close())
  const store = openStore({ file: storeFile, port: writer.connect(), directoryChanges: writer.directoryChanges })
  undo.push(() => store.close())
  // After the store's lock is ours, which says that no other server lives here.
  const pidFile = join(dataDir, PID_FILE)
  await writeFile(pidFile, `${process.pid}\n`)
  undo.push(() => rm(pidFile, { force: true }))

  const keeper = await SettingsKeeper.open(store.settings, {
    clock,
    ports,
    // Provisioning comes before there is an auditor: what it opens is said in the log at the start.
    weigh: async (draft) => (await auditor?.weigh(draft)) ?? [],
  })
  const settings = () => keeper.current().settings
  const logs = openLogFiles({ dir: join(dataDir, 'logs'), options: settings().logs, clock })
  undo.push(() => logs.close())
  const events = createEvents({ write: logs.write, clock, level: settings().logs.level })
  undo.push(() => events.settle())

  const referenceKey = await store.decisions.key()
  const directory = openDirectory({ store, srsSecret: referenceKey, hostname: () => hostname(), clock })
  const changes = createDirectoryChanges({
    store: store.directory,
    passwords: { makeCredentials, matchesCredentials },
  })
  const secrets = openSecrets({ dataDir, store, directory, dns: { txt: (name) => dns.txt(name) }, clock })
  if (provisionFile !== undefined) await provision(provisionFile, { settings: keeper, changes, ...secrets })
  logs.adopt(settings().logs)

  const hostname = () => settings().server.hostname ?? machineName()
  const certificate = await openCertificate({
    dir: join(dataDir, 'tls'),
    tls: settings().tls,
    hostname: hostname(),
    clock,
    events,
    changed: () => adopt(),
  })
  undo.push(() => certificate.close())

  let administratorAddress = await store.blocks.remembered(ADMINISTRATOR_ADDRESS)
  function policy(): Policy {
    const { cert, key } = certificate.current()
    return {
      settings: settings(),
      hostname: hostname(),
      certificate: { cert, key },
      machineAddresses: addressesOfThisMachine(),
      ...(administratorAddress === undefined ? {} : { administratorAddress }),
    }
  }

  const references = createReferences(referenceKey)
  const numbers = await openReferenceNumbers(store.decisions, references, (error) =>
    events.faulted({ what: 'numbering decisions', error }),
  )
  const records = new Records({
    decisions: store.decisions,
    clock,
    nextReference: numbers.next,
    faulted: events.faulted,
  })
  undo.push(() => records.flush())

  const threads = Math.min(availableParallelism(), MOST_SESSION_THREADS)
  const journalDir = join(dataDir, 'ledger')
  const counts = openSharedLedger({
    bytes: bytesOf(settings().ledger.memory),
    dir: journalDir,
    secret: referenceKey,
    threadIndex: threads,
    clock,
    events,
  })
  undo.push(() => counts.close())

  let reach = reachOf(policy())
  const suspensions = new Map((await store.blocks.suspensions()).map((each) => [each.ip, each]))
  const standing = createStandingBlocks(
    clock,
    (ip) => reach.neverBlocked(ip),
    await store.blocks.standing(clock.nowMs()),
  )
  const popLogins = createPopLogins()
  const sessions = await startSessionThreads({
    threads,
    storeFile,
    journalDir,
    connectStore: () => writer.connect(),
    directoryChanges: writer.directoryChanges,
    policy: policy(),
    referenceKey,
    ledger: counts.shared,
    standing: () => ({
      blocks: standing.list(),
      suspensions: [...suspensions.values()],
      popLogins: popLogins.list(),
    }),
    ended: counts.released,
    sentence: (sentence, ref) => keepers.carryOut(sentence, ref),
    events,
    clock,
    lines: logs.write,
    popLogin: (ip, atMs, user) => popLogins.note(ip, atMs, user),
  })
  undo.push(() => sessions.stop())

  const keepers = createKeepers({
    clock,
    settings,
    hostname,
    store,
    directory,
    ledger: counts.ledger,
    standing,
    suspensions,
    records,
    nextReference: numbers.next,
    act: sessions.act,
    popLogins,
    queueChanged: () => outgoing.desk.lookAgain(),
    events,
  })
  const { blocks, accounts } = keepers

  const dns = createDns({
    servers: settings().dns.servers,
    timeoutMs: settings().dns.timeout,
    cacheSize: 1000,
    clock,
  })
  undo.push(() => dns.close())

  const outgoing = await startOutgoing({
    storeFile,
    secretsKeyFile: secrets.keyFile,
    connectStore: () => writer.connect(),
    directoryChanges: writer.directoryChanges,
    queueChanges: writer.queueChanges,
    referenceKey,
    references,
    policy: policy(),
    store,
    directory,
    settings,
    hostname,
    nextReference: numbers.next,
    clock,
    events,
    lines: logs.write,
    bounced: (user, recipients) => {
      void counts.ledger.ask([{ of: ACCOUNT.returned, by: user, withinMs: DAY_MS, add: recipients }])
    },
  })
  undo.push(() => outgoing.stop())

  /** What all threads judge and deliver by has changed. */
  function adopt(): void {
    const now = policy()
    reach = reachOf(now)
    sessions.adopt(now)
    outgoing.adopt(now)
  }

  /** The live readers over these settings, counting nothing: for `try`, and for the probe. */
  function factsOver(draft: Settings): FactReaders<Subject> {
    const connections = openOpenConnections(counts.shared, threads)
    return createFacts({
      settings: () => draft,
      inGroup: compileGroups(draft.ipGroups, addressesOfThisMachine()).has,
      directory,
      store,
      ledger: tentativeLedger(readOnly(counts.ledger)),
      openConnections: connections,
      connections: (service) => (service === 'admin' ? 0 : sessions.connections(service)),
      popLogins,
      dns,
      // The never-block list of the draft, over the blocks of now.
      blocks: createStandingBlocks(clock, reachOf({ ...policy(), settings: draft }).neverBlocked, standing.list()),
      suspensions: { of: (ip) => suspensions.get(ip) },
      nowMs: clock.nowMs,
      supposed: true,
    })
  }

  let ready = false
  const ledgerState = () => counts.ledger.state()
  const metrics = createMetrics({
    version,
    clock,
    ready: () => ready,
    settings: keeper,
    blocks,
    queue: store.queue,
    delivery: outgoing.desk,
    ledger: ledgerState,
    connections: (service) => (service === 'admin' ? 0 : sessions.connections(service)),
  })
  const services = createServices({
    ports,
    bindSessions: sessions.bind,
    createHttp: () =>
      createHttp({
        ready: () => ready,
        allows: (ip) => reach.mayAdminister(ip),
        maxConnections: () => settings().services.admin.maxConnections,
        warning: () => openRelayWarning(settings()),
        metrics,
        faulted: (error) => events.faulted({ what: 'administration over HTTP', error }),
      }),
    events,
    opened,
  })
  undo.push(() => services.close())

  const signIn = openSignIn({ directory, store: store.directory, secret: referenceKey })
  auditor = createAuditor({
    directory: store.directory,
    machineAddresses: addressesOfThisMachine,
    factsOver,
    listening: services.listening,
    forgive: (ip) => keepers.pardon(ip, 'postern audit'),
    session: {
      clock,
      hostname,
      secureContext: () => createSecureContext(certificate.current()),
      certificate: () => new X509Certificate(certificate.current().cert).raw,
      directory,
      signIn,
      messages: store.messages,
      // Some thirty refusals at each start tell nobody anything that the audit does not.
      records: new Records({
        decisions: { add: async () => {} },
        clock,
        nextReference: numbers.next,
        faulted: events.faulted,
      }),
      nextReference: numbers.next,
      // What the probe is told is in the audit; the log is for what others do.
      events: { ...silentEvents(events), faulted: events.faulted },
    },
  })
  const { audit } = auditor

  const admin = createAdmin({
    version,
    clock,
    startedAtMs,
    dataDir,
    store,
    settings: keeper,
    directory,
    changes,
    facts: factsOver,
    references,
    machineAddresses: addressesOfThisMachine,
    events,
    blocks,
    accounts,
    popLogins: {
      list: () => popLogins.list(),
      async revoke(ip) {
        await sessions.act({ is: 'popRevoked', ip })
        return popLogins.revoke(ip)
      },
    },
    audit: (draft, { probe }) => audit(draft, { probe: probe ? 'network' : 'no' }),
    ledger: ledgerState,
    delivery: outgoing.desk,
    credentials: secrets.credentials,
    dkim: secrets.dkim,
    async administratorAt(ip) {
      await store.blocks.remember(ADMINISTRATOR_ADDRESS, ip)
      administratorAddress = ip
      adopt()
      await blocks.liftSpared()
    },
    administratorAddress: () => administratorAddress,
  })
  const socket = await listenOnSocket(await admin.ready(), join(dataDir, SOCKET_FILE))
  undo.push(() => socket.close())

  const openRelay = watchOpenRelay(clock, settings, events)
  undo.push(() => openRelay.close())
  keeper.subscribe(async ({ version, settings: now }, differences) => {
    const saved = await store.settings.get(version)
    events.settingsChanged({ version, author: saved?.author ?? '', paths: differences.map(({ path }) => path) })
    events.setLevel(now.logs.level)
    logs.adopt(now.logs)
    dns.adopt({ servers: now.dns.servers, timeoutMs: now.dns.timeout, cacheSize: 1000 })
    openRelay.look()
    if (differences.some(({ path }) => path.startsWith('tls.') || path === 'server.hostname')) {
      await certificate.follow(now.tls, hostname())
    }
    adopt()
    await blocks.liftSpared()
    await services.follow(now)
  })
  await services.follow(settings())
  undo.push(keepHouse({ clock, store, blocks, settings, events }))
  undo.push(checkDkimDaily({ clock, desk: secrets.dkim, told: events.signingRecordChecked, faulted: events.faulted }))
  ready = true
  void audit(settings(), { probe: 'in-process' }).then(
    (found) => sayAudit(found, events),
    (error) => events.faulted({ what: 'auditing the settings', error }),
  )

  return {
    failed: writer.ended.then((error) => error ?? new Error('The store has ended')),
    async stop(why) {
      events.stopped(why)
      await undo.all()
    },
  }
}

/** `ledger.memory` has bounds, so it is never without one. */
function bytesOf(memory: number | 'unlimited'): number {
  return memory === 'unlimited' ? 64 * 1024 ** 2 : memory
}

/** Put a backup in the place of a data directory's store; throws a Fault when it is none, or while a server lives there. */
export function restore({ from, dataDir }: { readonly from: string; readonly dataDir: string }): void {
  restoreStore({ from, to: join(dataDir, STORE_FILE) })
}
