// Text on its way to a screen. Titles and bodies hold words of other systems (alerts, commands, people), which must not steer a terminal.
// Used by terminal.ts.

/** Without control characters (line ends and tabs stay) and without marks that turn the direction of writing. */
export function harmless(text: string): string {
  // escape sequences as a whole first, so that their parameters do not stay behind as litter
  return text.replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-_])/g, '').replace(/\r\n?/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '');
}

/** '2026-11-21 09:15 UTC': the reader of a worker's terminal may sit in another zone than the plan. */
export function instant(at: number): string { return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`; }
