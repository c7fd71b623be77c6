//go:build wasip1

package handler

// Between the generated bindings and the handler's function.

import (
	"slices"

	"synapsor/handler/internal/bindings/exports/export_wit_world"
	_ "synapsor/handler/internal/bindings/exports/wit_exports"
	"synapsor/handler/internal/bindings/imports/synapsor_handler_log"
	"synapsor/handler/internal/bindings/imports/synapsor_handler_reads"
	"synapsor/handler/internal/bindings/imports/synapsor_handler_types"
	wit "synapsor/handler/internal/wit/types"
)

// The clock of this component: what time.Now answers from here on.
//
//go:wasmimport wasi_snapshot_preview1 synapsor_set_now
func setNow(nanoseconds int64)

func init() {
	export_wit_world.Handler = func(invocation synapsor_handler_types.Invocation, row []synapsor_handler_types.Column) wit.Result[synapsor_handler_types.Change, synapsor_handler_types.Refusal] {
		call := Call{
			Capability: invocation.Capability,
			Tenant:     invocation.Tenant,
			Principal:  invocation.Principal,
			Now:        instant(invocation.Now),
			Arguments:  columnsIn(invocation.Arguments, "argument", ""),
			Settings:   columnsIn(invocation.Settings, "setting", ""),
		}
		setNow(call.Now.UnixNano())
		change, refusal := answer(registered, call, columnsIn(row, "column", ""))
		if refusal != nil {
			return wit.Err[synapsor_handler_types.Change](synapsor_handler_types.Refusal{Code: refusal.Code, Message: refusal.Message})
		}
		summary := wit.None[string]()
		if change.Summary != "" {
			summary = wit.Some(change.Summary)
		}
		return wit.Ok[synapsor_handler_types.Change, synapsor_handler_types.Refusal](synapsor_handler_types.Change{Columns: columnsOut(change.Columns), Summary: summary})
	}
}

func columnsIn(from []synapsor_handler_types.Column, place, read string) Columns {
	columns := Columns{place: place, read: read}
	for _, column := range from {
		columns.add(column.Name, valueIn(column.Value))
	}
	return columns
}

// In name order, since a map has none and the same answer must be the same bytes.
func columnsOut(values Values) []synapsor_handler_types.Column {
	columns := make([]synapsor_handler_types.Column, 0, len(values))
	for name, value := range values {
		columns = append(columns, synapsor_handler_types.Column{Name: name, Value: valueOut(value)})
	}
	slices.SortFunc(columns, func(left, right synapsor_handler_types.Column) int {
		if left.Name < right.Name {
			return -1
		}
		return 1
	})
	return columns
}

func valueIn(value synapsor_handler_types.Value) Value {
	switch Kind(value.Tag()) {
	case KindBoolean:
		return Boolean(value.Boolean())
	case KindInteger:
		return Integer(value.Integer())
	case KindDecimal:
		return Value{kind: KindDecimal, text: value.Decimal()}
	case KindText:
		return Text(value.Text())
	case KindBytes:
		return Bytes(value.Bytes())
	case KindDate:
		return Value{kind: KindDate, text: value.Date()}
	case KindTimestamp:
		return Timestamp(value.Timestamp())
	case KindUUID:
		return UUID(value.Uuid())
	case KindJSON:
		return JSON(value.Json())
	}
	return Null()
}

func valueOut(value Value) synapsor_handler_types.Value {
	switch value.kind {
	case KindBoolean:
		return synapsor_handler_types.MakeValueBoolean(value.boolean)
	case KindInteger:
		return synapsor_handler_types.MakeValueInteger(value.integer)
	case KindDecimal:
		return synapsor_handler_types.MakeValueDecimal(value.text)
	case KindText:
		return synapsor_handler_types.MakeValueText(value.text)
	case KindBytes:
		return synapsor_handler_types.MakeValueBytes(value.bytes)
	case KindDate:
		return synapsor_handler_types.MakeValueDate(value.text)
	case KindTimestamp:
		return synapsor_handler_types.MakeValueTimestamp(value.text)
	case KindUUID:
		return synapsor_handler_types.MakeValueUuid(value.text)
	case KindJSON:
		return synapsor_handler_types.MakeValueJson(value.text)
	}
	return synapsor_handler_types.MakeValueNull()
}

func writeLog(level uint8, line string) { synapsor_handler_log.Write(level, line) }

func readRow(read string, key Value) ([]Columns, error) {
	answer := synapsor_handler_reads.Get(read, valueOut(key))
	if answer.IsErr() {
		return nil, readRefused(read, answer.Err())
	}
	if answer.Ok().IsNone() {
		return nil, nil
	}
	return []Columns{columnsIn(answer.Ok().Some(), "column", read)}, nil
}

func readRows(read string, filters Values) ([]Columns, error) {
	answer := synapsor_handler_reads.Find(read, columnsOut(filters))
	if answer.IsErr() {
		return nil, readRefused(read, answer.Err())
	}
	rows := make([]Columns, 0, len(answer.Ok()))
	for _, row := range answer.Ok() {
		rows = append(rows, columnsIn(row, "column", read))
	}
	return rows, nil
}

func readRefused(read string, refused uint8) error {
	switch refused {
	case synapsor_handler_reads.ReadError_NotDeclared:
		return Refuse("READ_NOT_DECLARED", "read `%s`, or one of its filters, is not granted", read)
	case synapsor_handler_reads.ReadError_LimitReached:
		return Refuse("READ_LIMIT_REACHED", "read `%s` is past the limits of the call", read)
	}
	// The runner ends such a call as a failure to repeat, whatever is answered.
	return Refuse("READ_UNAVAILABLE", "read `%s` could not be answered", read)
}
