// The mistakes of a handler that this package can name. Their words are fixed, so they may be shown to anybody.

/** A mistake in the handler's code. Its message holds no value of a row. */
export class Misuse extends Error {
  override readonly name = "Misuse";
}
