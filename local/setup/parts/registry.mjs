// How npm, Maven and pip say that they could not reach their registry, or did not get from it what they asked for.
const unreachable = [
  /request to \S+ failed/,
  /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET_TIMEOUT|ENOTCACHED)\b/,
  /\bE(?:401|403|404|407|429|50\d)\b/,
  /Could not transfer artifact|Could not find artifact|was not found in|Cannot access \S+ \(\S+\) in offline mode/,
  /Failed to establish a new connection|Read timed out|No matching distribution found/,
  /SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT|PKIX path building failed|CERTIFICATE_VERIFY_FAILED/,
]

/** What a package tool says of a registry that it cannot reach, in one line; undefined where it failed for another reason. */
export function unreachableLine(output) {
  const lines = output.split('\n')
  for (const pattern of unreachable) {
    const line = lines.find((text) => pattern.test(text))
    if (line) return shorten(line)
  }
  return undefined
}

function shorten(line) {
  const plain = line.replace(/^npm (?:error|ERR!)\s*|^\[(?:ERROR|WARNING)\]\s*|^(?:ERROR|WARNING):\s*/, '').replace(/ -> \[Help 1\]$/, '')
  // Maven names every artifact on the way to the one that it could not get.
  return plain.slice(Math.max(0, plain.lastIndexOf('transfer failed for '), plain.lastIndexOf('Could not find artifact '))).trim()
}
