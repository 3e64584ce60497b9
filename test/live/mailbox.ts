// A mail server that keeps what it is given: the keys of Tidegate's messages, in the order in which they came.
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export const mailPassword = 'stand-in-MAIL-password-1';
export interface Mailbox { readonly port: number; readonly keys: string[]; /** as they came */ readonly mails: string[]; close(): Promise<void> }

export async function openMailbox(): Promise<Mailbox> {
  const keys: string[] = [];
  const mails: string[] = [];
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'], allowInsecureAuth: true, disableReverseLookup: true, closeTimeout: 100,
    onAuth: ({ password }, _session, done) => { if (password === mailPassword) done(null, { user: 'tidegate' }); else done(new Error('no')); },
    onData: (stream, _session, done) => {
      let mail = '';
      stream.on('data', (chunk: Buffer) => { mail += chunk.toString(); }).on('end', () => { keys.push(/^x-tidegate-key: (.*)\r$/im.exec(mail)?.[1] ?? ''); mails.push(mail); done(null); });
    },
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', () => resolve()); });
  return { port: (server.server.address() as AddressInfo).port, keys, mails, close: () => new Promise((resolve) => { server.close(() => resolve()); }) };
}
