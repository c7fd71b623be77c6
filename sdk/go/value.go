package handler

import (
	"strconv"
	"strings"
)

// Kind is the type of a value.
type Kind uint8

// The kinds, as the contract numbers them.
const (
	KindNull Kind = iota
	KindBoolean
	KindInteger
	// KindDecimal is plain notation: an optional `-`, digits, optionally a point and digits.
	KindDecimal
	KindText
	KindBytes
	// KindDate is YYYY-MM-DD.
	KindDate
	// KindTimestamp is YYYY-MM-DDThh:mm:ss.ffffff, then `Z` where the column knows its offset.
	KindTimestamp
	KindUUID
	KindJSON
)

// String is the kind's name in messages.
func (kind Kind) String() string {
	names := [...]string{"null", "boolean", "integer", "decimal", "text", "bytes", "date", "timestamp", "uuid", "json"}
	if int(kind) < len(names) {
		return names[kind]
	}
	return "unknown"
}

// Value is one database scalar, exact. The zero Value is SQL NULL.
type Value struct {
	kind    Kind
	boolean bool
	integer int64
	text    string
	bytes   []byte
}

// Values are values by column.
type Values map[string]Value

// Null is SQL NULL.
func Null() Value { return Value{} }

// Boolean is true or false.
func Boolean(boolean bool) Value { return Value{kind: KindBoolean, boolean: boolean} }

// Integer is a whole number of 64 bits.
func Integer(integer int64) Value { return Value{kind: KindInteger, integer: integer} }

// Text is text.
func Text(text string) Value { return Value{kind: KindText, text: text} }

// Bytes are bytes.
func Bytes(bytes []byte) Value { return Value{kind: KindBytes, bytes: bytes} }

// Date is a day.
func Date(day Day) Value { return Value{kind: KindDate, text: day.String()} }

// Exact is an exact decimal.
func Exact(decimal Decimal) Value { return Value{kind: KindDecimal, text: decimal.String()} }

// Timestamp is an instant in the contract's form.
func Timestamp(text string) Value { return Value{kind: KindTimestamp, text: text} }

// UUID is 36 lower-case characters.
func UUID(text string) Value { return Value{kind: KindUUID, text: text} }

// JSON is JSON text.
func JSON(text string) Value { return Value{kind: KindJSON, text: text} }

// Kind is the value's type.
func (value Value) Kind() Kind { return value.kind }

// Raw is the text of a value that the contract writes as text, and empty for the others.
func (value Value) Raw() string { return value.text }

// RawBytes are the bytes of a value of bytes.
func (value Value) RawBytes() []byte { return value.bytes }

func (value Value) asText() (string, bool) {
	return value.text, value.kind == KindText || value.kind == KindUUID
}

// A decimal is an integer only when nothing is lost.
func (value Value) asInteger() (int64, bool) {
	switch value.kind {
	case KindInteger:
		return value.integer, true
	case KindDecimal:
		whole, fraction, _ := strings.Cut(value.text, ".")
		integer, err := strconv.ParseInt(whole, 10, 64)
		return integer, err == nil && strings.Trim(fraction, "0") == ""
	}
	return 0, false
}

// Not every database has booleans.
func (value Value) asBoolean() (bool, bool) {
	switch {
	case value.kind == KindBoolean:
		return value.boolean, true
	case value.kind == KindInteger && (value.integer == 0 || value.integer == 1):
		return value.integer == 1, true
	}
	return false, false
}

func (value Value) asDay() (Day, bool) {
	switch value.kind {
	case KindDate, KindTimestamp, KindText:
		return ParseDay(value.text)
	}
	return Day{}, false
}

func (value Value) asDecimal() (Decimal, bool) {
	switch value.kind {
	case KindInteger:
		return DecimalOf(value.integer), true
	case KindDecimal:
		decimal, err := ParseDecimal(value.text)
		return decimal, err == nil
	}
	return Decimal{}, false
}
