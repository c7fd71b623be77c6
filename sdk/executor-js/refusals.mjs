// The ways to say no.

/** The row is not the reviewed one; nothing changes. */
export class Conflict extends Error {
  constructor(code = "ROW_CHANGED", changedColumns = []) {
    super(code);
    this.changedColumns = changedColumns;
  }
}

/** A rule of the application says no; nothing changes. */
export class Failed extends Error {
  status = 422;
}

/** The time of the request ran out before COMMIT; nothing changes. */
export class TooLate extends Failed {
  status = 408;

  constructor() {
    super("TOO_LATE");
  }
}

/** The request is not taken at all. */
export class TurnedAway extends Error {
  constructor(status, code) {
    super(code);
    this.status = status;
  }
}
