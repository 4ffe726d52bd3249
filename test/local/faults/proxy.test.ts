import { connect, createServer, type Server, type Socket } from 'node:net'
import { openProxy, type Proxy } from '../../../local/faults/proxy.ts'

let echo: Server
let proxy: Proxy
const clients: Socket[] = []

beforeEach(async () => {
  echo = createServer((socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  const address = echo.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  proxy = await openProxy(() => address.port)
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await proxy.close()
  await new Promise((resolve) => echo.close(resolve))
})

/** Resolves with how the connection was: open, or ended. */
async function open(): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: proxy.port })
  clients.push(socket)
  socket.on('error', () => {})
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('close', () => reject(new Error('refused'))))
  return socket
}

const received = (socket: Socket, bytes: number) =>
  new Promise<Buffer>((resolve, reject) => {
    let all = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      all = Buffer.concat([all, chunk])
      if (all.length >= bytes) resolve(all)
    })
    socket.once('close', () => reject(new Error('cut')))
  })

test('what is sent comes through whole and in order, both ways', async () => {
  const sent = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => index % 251))
  const socket = await open()
  const back = received(socket, sent.length)
  socket.write(sent)
  expect((await back).equals(sent)).toBe(true)
})

test('a slow way keeps the order', async () => {
  const socket = await open()
  proxy.slow({ delayMs: 20, bytesPerSecond: 1_000_000 })
  const began = performance.now()
  const back = received(socket, 30_000)
  for (let part = 0; part < 3; part += 1) socket.write(Buffer.alloc(10_000, part))
  const all = await back
  expect([all[0], all[10_000], all[29_999]]).toEqual([0, 1, 2])
  expect(performance.now() - began).toBeGreaterThan(40)
  proxy.slow(undefined)
})

test('a cut ends every connection, and new ones are opened again', async () => {
  const sockets = [await open(), await open()]
  const ended = Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))))
  const replied = received(sockets[0]!, 1)
  sockets[0]!.write('x')
  await replied
  expect(proxy.cut()).toBeGreaterThan(0)
  await ended
  const again = await open()
  const back = received(again, 2)
  again.write('ok')
  expect(String(await back)).toBe('ok')
})

test('refused connections are ended at once', async () => {
  proxy.refuse(true)
  const socket = connect({ host: '127.0.0.1', port: proxy.port })
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('close', resolve))
  expect(proxy.connections).toBe(0)
  proxy.refuse(false)
  await open()
})
