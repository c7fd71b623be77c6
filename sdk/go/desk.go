//go:build !wasip1

package handler

// At the desk, where a handler's own unit tests run: the log is standard error, and no read is granted. Cases, which
// run the component, answer reads.

import (
	"fmt"
	"os"
)

func writeLog(level uint8, line string) {
	fmt.Fprintln(os.Stderr, [...]string{"debug", "info", "warn"}[level], line)
}

func readRow(read string, _ Value) ([]Columns, error) {
	return nil, Refuse("READ_NOT_DECLARED", "read `%s`, or one of its filters, is not granted", read)
}

func readRows(read string, _ Values) ([]Columns, error) {
	return nil, Refuse("READ_NOT_DECLARED", "read `%s`, or one of its filters, is not granted", read)
}
