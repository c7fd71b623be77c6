package handler

import "time"

// Call says who asks for what, when, with which arguments.
type Call struct {
	// Capability is the capability's name.
	Capability string
	// Tenant says whose data. Established by the runner, never taken from the arguments.
	Tenant string
	// Principal says who is asking. Established likewise.
	Principal string
	// Now is when the call was received, in UTC. A rerun sees the same instant.
	Now time.Time
	// Arguments are the checked arguments.
	Arguments Columns
	// Settings are the capability's settings from the config.
	Settings Columns
}

// Today is the day of Now, in UTC.
func (call Call) Today() Day {
	return Day{Year: call.Now.Year(), Month: call.Now.Month(), Day: call.Now.Day()}
}

// instant reads the contract's form of an instant; the runner gives no other.
func instant(text string) time.Time {
	read, err := time.Parse("2006-01-02T15:04:05.999999Z", text)
	if err != nil {
		return time.Unix(0, 0).UTC()
	}
	return read
}
