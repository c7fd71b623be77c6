package handler

import "time"

// Day is a day of the calendar, since most rules about time are about days and years.
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDay reads the day that text begins with: YYYY-MM-DD, alone or followed by `T` or a space and a time of day. The
// day is taken as written; the runner gives instants in UTC.
func ParseDay(text string) (Day, bool) {
	if len(text) < 10 || len(text) > 10 && text[10] != 'T' && text[10] != ' ' {
		return Day{}, false
	}
	date, err := time.Parse(time.DateOnly, text[:10])
	if err != nil {
		return Day{}, false
	}
	year, month, day := date.Date()
	return Day{Year: year, Month: month, Day: day}, true
}

// String is YYYY-MM-DD.
func (day Day) String() string { return day.time().Format(time.DateOnly) }

// DaysSince counts the days from an earlier day to this one; it is negative when this day is the earlier one.
func (day Day) DaysSince(earlier Day) int {
	return int(day.time().Sub(earlier.time()) / (24 * time.Hour))
}

// Compare is below, equal to or above 0 as this day is before, the same as or after the other.
func (day Day) Compare(other Day) int { return day.time().Compare(other.time()) }

func (day Day) time() time.Time { return time.Date(day.Year, day.Month, day.Day, 0, 0, 0, 0, time.UTC) }
