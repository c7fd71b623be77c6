package handler

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func customer(values Values) Columns {
	columns := Columns{place: "column", read: "customer"}
	for name, value := range values {
		columns.add(name, value)
	}
	return columns
}

func decimal(text string) Decimal {
	parsed, err := ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return parsed
}

func TestValuesAreReadByNameAndType(t *testing.T) {
	row := customer(Values{
		"plan": Text("plus"), "fee": Integer(5500), "total": Exact(decimal("12.00")), "active": Integer(1),
		"at": Text("2026-03-01 10:00:00"), "note": Null(),
	})
	if text, err := row.Text("plan"); text != "plus" || err != nil {
		t.Error(text, err)
	}
	if integer, err := row.Integer("total"); integer != 12 || err != nil {
		t.Error(integer, err)
	}
	if boolean, err := row.Boolean("active"); !boolean || err != nil {
		t.Error(boolean, err)
	}
	if day, err := row.Day("at"); day.String() != "2026-03-01" || err != nil {
		t.Error(day, err)
	}
	if exact, err := row.Decimal("fee"); exact.String() != "5500" || err != nil {
		t.Error(exact, err)
	}
	if text, present, err := row.OptionalText("note"); text != "" || present || err != nil {
		t.Error(text, present, err)
	}
	if _, present, err := row.OptionalInteger("absent"); present || err != nil {
		t.Error(present, err)
	}
}

func TestAMissingOrMistypedValueIsRefusedByNameAndWithoutItsValue(t *testing.T) {
	row := customer(Values{"plan": Text("secret"), "fee": Exact(decimal("1.50")), "note": Null()})
	_, plan := row.Integer("plan")
	_, fee := row.Integer("fee")
	_, note := row.Text("note")
	_, absent := row.Text("absent")
	for _, refused := range []struct {
		err      error
		expected string
	}{
		{plan, "HANDLER_INPUT_TYPE: column `plan` of read `customer`: expected a whole number, found text"},
		{fee, "HANDLER_INPUT_TYPE: column `fee` of read `customer`: expected a whole number, found decimal"},
		{note, "HANDLER_INPUT_TYPE: column `note` of read `customer`: expected text, found null"},
		{absent, "HANDLER_INPUT_MISSING: column `absent` of read `customer` is missing"},
	} {
		if refused.err == nil || refused.err.Error() != refused.expected {
			t.Errorf("%v, expected %s", refused.err, refused.expected)
		}
	}
}

func TestADecimalIsAnIntegerOnlyWhenNothingIsLost(t *testing.T) {
	for text, fits := range map[string]bool{
		"0": true, "-12.000": true, "9223372036854775807": true, "9223372036854775808": false, "1.5": false, "": false,
	} {
		if _, read := (Value{kind: KindDecimal, text: text}).asInteger(); read != fits {
			t.Error(text, read)
		}
	}
}

func TestWhatIsNotADayIsNotRead(t *testing.T) {
	for _, text := range []string{
		"", "2026", "2026-2-28", "2026-02-30", "2025-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "2026-02-281",
		"2026-02-28x", "+026-02-28", "2026/02/28", "ééééé",
	} {
		if day, read := ParseDay(text); read {
			t.Error(text, day)
		}
	}
	day, _ := ParseDay("2024-03-01T23:59:59.999999Z")
	if days := day.DaysSince(Day{Year: 2024, Month: time.February, Day: 28}); days != 2 {
		t.Error(days)
	}
	if days := (Day{Year: 1900, Month: time.March, Day: 1}).DaysSince(Day{Year: 2000, Month: time.March, Day: 1}); days != -36525 {
		t.Error(days)
	}
}

func TestDecimalsAreExact(t *testing.T) {
	for _, sum := range []struct {
		found    Decimal
		expected string
	}{
		{decimal("0.10").Add(decimal("0.20")), "0.30"},
		{decimal("99999999999999999999.9").Add(decimal("0.1")), "100000000000000000000.0"},
		{decimal("1").Sub(decimal("1.25")), "-0.25"},
		{decimal("-1.5").Sub(decimal("-1.50")), "0.00"},
		{decimal("-0.5").Mul(decimal("0.03")), "-0.015"},
		{Decimal{}, "0"},
	} {
		if sum.found.String() != sum.expected {
			t.Error(sum.found, sum.expected)
		}
	}
	if decimal("1.0").Compare(decimal("1.000")) != 0 || decimal("-2").Compare(decimal("-1")) >= 0 {
		t.Error("decimals compare by their value")
	}
	for _, text := range []string{"", "-", "1.", ".5", "1e5", "+1", "1.2.3", "--1", "0x1"} {
		if _, err := ParseDecimal(text); err == nil {
			t.Error(text)
		}
	}
}

func TestAPanicAndAnErrorBecomeRefusalsAndARefusalStaysWhatItIs(t *testing.T) {
	for code, propose := range map[string]Func{
		"HANDLER_PANIC":   func(Call, Columns) (Change, error) { panic("the row's secret") },
		"HANDLER_ERROR":   func(Call, Columns) (Change, error) { return Change{}, errors.New("no such thing") },
		"HANDLER_MISSING": nil,
		"NO":              func(Call, Columns) (Change, error) { return Change{}, Refuse("NO", "because of %d", 1) },
	} {
		_, refusal := answer(propose, Call{}, Columns{})
		if refusal == nil || refusal.Code != code || strings.Contains(refusal.Message, "secret") {
			t.Error(code, refusal)
		}
	}
}

func TestACallKnowsItsInstant(t *testing.T) {
	call := Call{Now: instant("2026-06-30T12:00:00.000001Z")}
	if call.Today() != (Day{Year: 2026, Month: time.June, Day: 30}) || call.Now.Nanosecond() != 1000 {
		t.Error(call.Now)
	}
}
