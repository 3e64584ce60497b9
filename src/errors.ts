// Every error of Tidegate answers four questions: what happened, where, what it means for the rollout, what to do. The class answers the
// first question of all: `transient` (repeating may help) or `final` (it cannot).

export interface TidegateErrorFields {
  /** stable, in capitals, e.g. TARGET_UNREACHABLE; scripts compare this, never the text */
  readonly code: string;
  readonly what: string;
  readonly where?: string;
  readonly means?: string;
  readonly todo?: string;
  readonly cause?: unknown;
}

export class TidegateError extends Error {
  readonly code: string;
  readonly transient: boolean;
  readonly fields: TidegateErrorFields;
  constructor(fields: TidegateErrorFields & { readonly transient: boolean }) {
    const sentences = [fields.where === undefined ? fields.what : `${fields.where}: ${fields.what}`, fields.means, fields.todo];
    super(sentences.filter((s) => s !== undefined).join(' '), fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = new.target.name;
    this.code = fields.code;
    this.transient = fields.transient;
    this.fields = fields;
  }
}

/** Repeating cannot help: a person or the plan has to change something. */
export class FinalError extends TidegateError {
  constructor(fields: TidegateErrorFields) { super({ ...fields, transient: false }); }
}
/** Repeating may help; the outcome of what was tried is unknown unless the port says otherwise. */
export class TransientError extends TidegateError {
  constructor(fields: TidegateErrorFields) { super({ ...fields, transient: true }); }
}
