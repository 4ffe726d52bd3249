// How npm, Maven and pip say that they could not reach or use their registry, as opposed to any other failure.
const unreachable = [
  /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET_TIMEOUT|ENOTCACHED)\b/,
  /\b(?:E401|E403|E407|E502|E503|E504)\b/,
  /Unknown host|Name or service not known|nodename nor servname|Temporary failure in name resolution/i,
  /Connection (?:refused|reset|timed out)|Connect(?:ion)? to \S+ .*(?:failed|refused|timed out)|Network is unreachable|No route to host/i,
  /Could not transfer artifact|Cannot access \S+ \(\S+\) in offline mode|status code: (?:401|403|407|502|503|504)/i,
  /Failed to establish a new connection|Read timed out|No matching distribution found|PKIX path building failed|SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT/i,
]

/** The line in which a package tool says that its registry cannot be reached, or undefined where it failed for another reason. */
export function unreachableLine(output) {
  const line = output.split('\n').find((text) => unreachable.some((pattern) => pattern.test(text)))
  return line?.replace(/^npm (?:error|ERR!)\s*|^\[(?:ERROR|WARNING)\]\s*|^ERROR:\s*/, '').trim()
}
