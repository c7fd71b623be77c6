package handler

import (
	"fmt"
	"math/big"
	"strings"
)

// Decimal is an exact decimal of any size. It keeps the digits after its point, zeros too. The zero Decimal is 0.
type Decimal struct {
	// The digits without the point, and how many of them stand after it.
	digits big.Int
	places int
}

// DecimalOf is a whole number.
func DecimalOf(integer int64) Decimal {
	var decimal Decimal
	decimal.digits.SetInt64(integer)
	return decimal
}

// ParseDecimal reads plain notation: an optional `-`, digits, optionally a point and digits.
func ParseDecimal(text string) (Decimal, error) {
	whole, fraction, pointed := strings.Cut(text, ".")
	unsigned := strings.TrimPrefix(whole, "-")
	if !isDigits(unsigned) || pointed && !isDigits(fraction) {
		return Decimal{}, fmt.Errorf("expected a decimal in plain notation")
	}
	decimal := Decimal{places: len(fraction)}
	decimal.digits.SetString(whole+fraction, 10)
	return decimal, nil
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// Integer is the number as 64 bits; false where it has a fraction or is too large.
func (decimal Decimal) Integer() (int64, bool) {
	whole, rest := new(big.Int).QuoRem(&decimal.digits, power(decimal.places), new(big.Int))
	return whole.Int64(), rest.Sign() == 0 && whole.IsInt64()
}

// Add is the sum.
func (decimal Decimal) Add(other Decimal) Decimal {
	left, right, places := aligned(decimal, other)
	return Decimal{digits: *left.Add(left, right), places: places}
}

// Sub is the difference.
func (decimal Decimal) Sub(other Decimal) Decimal {
	left, right, places := aligned(decimal, other)
	return Decimal{digits: *left.Sub(left, right), places: places}
}

// Mul is the product, with as many places as both together.
func (decimal Decimal) Mul(other Decimal) Decimal {
	return Decimal{digits: *new(big.Int).Mul(&decimal.digits, &other.digits), places: decimal.places + other.places}
}

// Compare is below, equal to or above 0 as this number is less than, equal to or greater than the other.
func (decimal Decimal) Compare(other Decimal) int {
	left, right, _ := aligned(decimal, other)
	return left.Cmp(right)
}

// String is plain notation, never an exponent.
func (decimal Decimal) String() string {
	digits := new(big.Int).Abs(&decimal.digits).String()
	if missing := decimal.places + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	if point := len(digits) - decimal.places; decimal.places > 0 {
		digits = digits[:point] + "." + digits[point:]
	}
	if decimal.digits.Sign() < 0 {
		return "-" + digits
	}
	return digits
}

func aligned(left, right Decimal) (*big.Int, *big.Int, int) {
	places := max(left.places, right.places)
	return new(big.Int).Mul(&left.digits, power(places-left.places)), new(big.Int).Mul(&right.digits, power(places-right.places)), places
}

func power(places int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil)
}
