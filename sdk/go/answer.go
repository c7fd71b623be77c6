package handler

import "fmt"

// Change says which columns to change on the one target row, and why in a line. The runner still checks each column
// against the capability's allowed columns, bounds and transitions.
type Change struct {
	// Columns are the new values.
	Columns Values
	// Summary is one line for the person who decides, at most 500 characters. Empty is none.
	Summary string
}

// Refusal is the answer "no", as an error.
type Refusal struct {
	// Code is stable and for programs: SCREAMING_SNAKE, at most 64 characters.
	Code string
	// Message is for people, at most 500 characters, and shown to the agent as it is.
	Message string
}

// Error is the code and the message.
func (refusal *Refusal) Error() string { return refusal.Code + ": " + refusal.Message }

// Refuse answers no. The message is formatted as by [fmt.Sprintf].
func Refuse(code, format string, arguments ...any) error {
	return &Refusal{Code: code, Message: fmt.Sprintf(format, arguments...)}
}
