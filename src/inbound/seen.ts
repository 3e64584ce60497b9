// The ids that were accepted lately, so that a replay is named as one. Only a courtesy: it ends with the process and is not shared between
// workers; that nothing acts twice is kept by the workflow itself (workflows/commands.ts, workflows/events.ts).

export interface Seen { has(key: string): boolean; add(key: string): void }

export function rememberLast(count = 10_000): Seen {
  const keys = new Set<string>();
  return {
    has: (key) => keys.has(key),
    add: (key) => {
      keys.add(key);
      for (const oldest of keys) { if (keys.size <= count) break; keys.delete(oldest); }
    },
  };
}
