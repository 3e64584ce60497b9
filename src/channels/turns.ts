// One after the other: what goes over one line (a chat channel, a token) leaves in the order in which it was given, each when the one before has
// ended, however it ended. Lines do not wait for each other.
export type Turns = <T>(line: string, work: () => Promise<T>) => Promise<T>;

export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return (line, work) => {
    const mine = (last.get(line) ?? Promise.resolve()).then(work);
    const ended = mine.then(() => undefined, () => undefined);
    last.set(line, ended);
    void ended.then(() => { if (last.get(line) === ended) last.delete(line); });
    return mine;
  };
}
