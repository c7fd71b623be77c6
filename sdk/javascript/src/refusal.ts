// The answer "no".

/** A business "no", thrown. Both texts are shown to the agent, so they must not say more than it may know. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  /** Stable, for programs: `SCREAMING_SNAKE`, at most 64 characters. */
  readonly code: string;

  /** `message` is for people, at most 500 characters. */
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Answers no: `refuse("NOTHING_TO_WAIVE", "the invoice has no late fee")` ends the call. */
export function refuse(code: string, message: string): never {
  throw new Refusal(code, message);
}
