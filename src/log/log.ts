// Structured logs: one JSON object a line on stderr, with rollout, phase and attempt where they are known. The Temporal SDK and its native
// core log through the same stream (temporalLogger). What a person should read goes elsewhere: the CLI's stderr, channels, the journal.
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';

export type Log = PinoLogger;
type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';
/** The SDK's logger as its documentation defines it; written out so that nothing here loads the SDK. */
interface SdkLogger { log(level: 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR', message: string, meta?: Record<string | symbol, unknown>): void; trace: SdkLog; debug: SdkLog; info: SdkLog; warn: SdkLog; error: SdkLog }
type SdkLog = (message: string, meta?: Record<string | symbol, unknown>) => void;

/** @param out default: stderr, written synchronously, so that the last words of a dying process arrive */
export function createLog({ level, out, name = 'tidegate' }: { readonly level: string; readonly out?: DestinationStream; readonly name?: string }): Log {
  return pino({
    level,
    base: { name, pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    // A last line of defence: whoever logs a setting by mistake does not print what it protects.
    redact: { paths: ['apiKey', 'password', 'token', 'authorization', '*.apiKey', '*.password', '*.token', '*.authorization', '*.headers.authorization'], censor: '(secret)' },
  }, out ?? pino.destination({ dest: 2, sync: true }));
}

/** Noise or worse in a log: opaque tokens, and what the line says already. */
const leftOut = new Set(['taskToken', 'namespace', 'sdkComponent', 'workflowRunId', 'isLocal', 'logAttributes']);

export function temporalLogger(log: Log): SdkLogger {
  const write = (level: Level, message: string, meta: Record<string | symbol, unknown> = {}): void => {
    const fields: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(meta)) {
      if (key === 'workflowId' && typeof value === 'string') Object.assign(fields, value.startsWith('rollout/') ? { rollout: value.slice('rollout/'.length) } : { workflow: value });
      else if (key === 'error' && value instanceof Error) fields['err'] = value;
      else if (!leftOut.has(key)) fields[key] = typeof value === 'bigint' ? Number(value) : value;
    }
    log[level](fields, message);
  };
  return {
    log: (level, message, meta) => write(level.toLowerCase() as Level, message, meta),
    trace: (message, meta) => write('trace', message, meta), debug: (message, meta) => write('debug', message, meta), info: (message, meta) => write('info', message, meta),
    warn: (message, meta) => write('warn', message, meta), error: (message, meta) => write('error', message, meta),
  };
}
