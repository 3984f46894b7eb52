/**
 * `node test/networks/serve-policies.ts IP CERT KEY < POLICIES`: serve MTA-STS policies (RFC 8461 §3.3) by HTTPS on port 443, from
 * within a network namespace. POLICIES is JSON: the text by the host that is asked for.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

const [ip, certFile, keyFile] = process.argv.slice(2) as [string, string, string]
const policies = JSON.parse(readFileSync(0, 'utf8')) as Readonly<Record<string, string>>
const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile) }

createServer(tls, (request, response) => {
  const policy = policies[request.headers.host ?? '']
  const isPolicy = request.url === '/.well-known/mta-sts.txt' && policy !== undefined
  response.writeHead(isPolicy ? 200 : 404, { 'content-type': 'text/plain' }).end(isPolicy ? policy : 'not here')
}).listen(443, ip)
