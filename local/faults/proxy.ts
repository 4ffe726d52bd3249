import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A TCP connection's way, which can be cut and made slow. */
export interface Proxy {
  readonly port: number
  /** Connections that are open now. */
  readonly connections: number
  /** Ends every connection without a goodbye; answers how many there were. */
  cut(): number
  /** Refuses new connections until this is called with false. */
  refuse(refusing: boolean): void
  /** Everything from now on comes this much later, in each direction, and no faster than this; undefined: as fast as it can. */
  slow(pace: Pace | undefined): void
  close(): Promise<void>
}

export interface Pace {
  readonly delayMs: number
  readonly bytesPerSecond: number
}

/** @param target the port of 127.0.0.1 that is behind it; asked at every connection. `port` 0: a free one. */
export async function openProxy(target: () => number, port = 0): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let refusing = false
  let pace: Pace | undefined

  const forward = (from: Socket, to: Socket) => {
    let last: Promise<unknown> = Promise.resolve()
    from.on('data', (chunk: Buffer) => {
      if (!pace) {
        if (to.write(chunk)) return
        from.pause()
        to.once('drain', () => from.resume())
        return
      }
      // Nothing more is read while this is under way: the sender is to feel that the network is slow.
      from.pause()
      last = sleep(pace.delayMs + (1000 * chunk.length) / pace.bytesPerSecond).then(() => {
        if (!to.destroyed) to.write(chunk)
        from.resume()
        return undefined
      })
    })
    from.on('end', () => void last.then(() => to.end()))
    from.on('close', () => to.destroy())
    from.on('error', () => to.destroy())
  }

  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (incoming) => {
    if (refusing) {
      incoming.resetAndDestroy()
      return
    }
    const outgoing = connect({ host: '127.0.0.1', port: target(), allowHalfOpen: true, noDelay: true })
    incoming.setNoDelay(true)
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    }
    forward(incoming, outgoing)
    forward(outgoing, incoming)
    incoming.resume()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  const cut = () => {
    const open = [...sockets]
    for (const socket of open) socket.resetAndDestroy()
    return open.length / 2
  }
  return {
    port: address.port,
    get connections() {
      return sockets.size / 2
    },
    cut,
    refuse(wanted) {
      refusing = wanted
    },
    slow(wanted) {
      pace = wanted
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      cut()
      await closed
    },
  }
}
