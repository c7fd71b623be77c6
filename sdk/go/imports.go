package handler

// Get is the row of a declared read that has this key; false where there is none, or it is another tenant's.
//
// Every read is scoped to the call's tenant by the runner, recorded, and counted against the call's limits. A read that
// is not granted, or past the limits, is a refusal.
func Get(read string, key Value) (Columns, bool, error) {
	rows, err := readRow(read, key)
	if err != nil || len(rows) == 0 {
		return Columns{}, false, err
	}
	return rows[0], true, nil
}

// Find gives the rows of a declared read whose columns equal every filter, in key order.
//
// The runner stops at the read's row limit without saying so: a handler that counts rows compares their number with the
// `rows_max` of its manifest, and refuses when it is reached.
func Find(read string, filters Values) ([]Columns, error) { return readRows(read, filters) }

// LogDebug keeps a line for the operator that is of interest when something is wrong. The agent never sees the log.
func LogDebug(line string) { writeLog(0, line) }

// LogInfo keeps a line for the operator.
func LogInfo(line string) { writeLog(1, line) }

// LogWarn keeps a line that somebody should look at.
func LogWarn(line string) { writeLog(2, line) }
