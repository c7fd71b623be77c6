package handler

import "fmt"

// Columns are named values: the row, the arguments, the settings, or a row of a declared read; read by name and type.
//
// A missing name or a value of another type is a refusal that names the place, and never a value; a value is never
// converted with loss. The Optional forms answer false for SQL NULL and for a name that is not there.
type Columns struct {
	// What the values are, for messages; read is empty but for a row of a read.
	place, read string
	names       []string
	values      Values
}

func (columns *Columns) add(name string, value Value) {
	if columns.values == nil {
		columns.values = Values{}
	}
	columns.names = append(columns.names, name)
	columns.values[name] = value
}

// Names are the names, in order.
func (columns Columns) Names() []string { return columns.names }

// Value is the value of that name, whatever its kind; false where there is none.
func (columns Columns) Value(name string) (Value, bool) {
	value, present := columns.values[name]
	return value, present
}

// Text is text, or a uuid's text.
func (columns Columns) Text(name string) (string, error) {
	return required(columns, name, "text", Value.asText)
}

// OptionalText is as Text, or false.
func (columns Columns) OptionalText(name string) (string, bool, error) {
	return optional(columns, name, "text", Value.asText)
}

// Integer is a whole number of 64 bits; a decimal without a fraction counts.
func (columns Columns) Integer(name string) (int64, error) {
	return required(columns, name, "a whole number", Value.asInteger)
}

// OptionalInteger is as Integer, or false.
func (columns Columns) OptionalInteger(name string) (int64, bool, error) {
	return optional(columns, name, "a whole number", Value.asInteger)
}

// Boolean is true or false; an integer 1 or 0 counts.
func (columns Columns) Boolean(name string) (bool, error) {
	return required(columns, name, "true or false", Value.asBoolean)
}

// OptionalBoolean is as Boolean, or false as its second answer.
func (columns Columns) OptionalBoolean(name string) (bool, bool, error) {
	return optional(columns, name, "true or false", Value.asBoolean)
}

// Day is the day of a date, of a timestamp, or of text that begins with YYYY-MM-DD.
func (columns Columns) Day(name string) (Day, error) {
	return required(columns, name, "a date or timestamp", Value.asDay)
}

// OptionalDay is as Day, or false.
func (columns Columns) OptionalDay(name string) (Day, bool, error) {
	return optional(columns, name, "a date or timestamp", Value.asDay)
}

// Decimal is an exact number, whole or with a fraction.
func (columns Columns) Decimal(name string) (Decimal, error) {
	return required(columns, name, "a number", Value.asDecimal)
}

// OptionalDecimal is as Decimal, or false.
func (columns Columns) OptionalDecimal(name string) (Decimal, bool, error) {
	return optional(columns, name, "a number", Value.asDecimal)
}

func required[T any](columns Columns, name, expected string, read func(Value) (T, bool)) (T, error) {
	value, present := columns.values[name]
	if !present {
		var none T
		return none, Refuse("HANDLER_INPUT_MISSING", "%s is missing", columns.placeOf(name))
	}
	return typed(columns, name, expected, value, read)
}

func optional[T any](columns Columns, name, expected string, read func(Value) (T, bool)) (T, bool, error) {
	value, present := columns.values[name]
	if !present || value.kind == KindNull {
		var none T
		return none, false, nil
	}
	found, err := typed(columns, name, expected, value, read)
	return found, err == nil, err
}

func typed[T any](columns Columns, name, expected string, value Value, read func(Value) (T, bool)) (T, error) {
	found, fits := read(value)
	if !fits {
		var none T
		return none, Refuse("HANDLER_INPUT_TYPE", "%s: expected %s, found %s", columns.placeOf(name), expected, value.kind)
	}
	return found, nil
}

func (columns Columns) placeOf(name string) string {
	if columns.read != "" {
		return fmt.Sprintf("%s `%s` of read `%s`", columns.place, name, columns.read)
	}
	return fmt.Sprintf("%s `%s`", columns.place, name)
}
